"""The services of compose.yaml, run as processes or as containers: events arrive, and a down and up under load loses nothing.

story.py processes PISTE    the executable PISTE with the commands, configurations and environment of the compose file
story.py containers IMAGE   the image with podman, as the compose file says: user, read-only root, capabilities, memory, volumes

Streams, tables and bucket are compose/streams.py, the database is a PostgreSQL of this machine; both outlive the services.
"""

import glob
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

import boto3
import yaml
from botocore.config import Config

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
PATIENCE = 150
PASSWORD = "story"


def until(what, found):
    """Waits until `found` gives something true."""
    end = time.monotonic() + PATIENCE
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE} s for {what}")
        time.sleep(0.3)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def listens(port):
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


class Postgres:
    """A cluster of its own, with the two databases of the compose file."""

    def __init__(self, folder, address):
        self.port, self.folder = free_port(), folder / "postgres"
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder.mkdir()
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres")
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        data = self.folder / "data"
        make = [f"{self.bin}/initdb", "-D", data, "-U", "snowplow", "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "-E", "UTF8"]
        subprocess.run([*self.user, *make], check=True, stdout=subprocess.DEVNULL, cwd="/")
        with open(data / "pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("host all all all scram-sha-256\n")
        options = ["-c", f"listen_addresses={address}", "-c", f"port={self.port}", "-c", "fsync=off", "-k", self.folder]
        self.server = subprocess.Popen([*self.user, f"{self.bin}/postgres", "-D", data, *options], stderr=open(folder / "postgres.log", "wb"), cwd="/")
        until("PostgreSQL", lambda: self.ask("select 1", "postgres") == ["1"])
        self.ask("create database snowplow", "postgres")
        self.ask("create database iglu", "postgres")

    def ask(self, sql, database="snowplow"):
        """The rows of an answer, as text; `None` where there is none."""
        command = [f"{self.bin}/psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "snowplow", "-d", database, "-qAtc", sql]
        done = subprocess.run(command, env={"PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=False)
        return done.stdout.split() if done.returncode == 0 else None


class Compose:
    """The services of the file, with the variables it would get."""

    def __init__(self, variables):
        self.variables = variables
        self.read()

    def read(self):
        """Reads the file with the variables as they are now."""
        text = (DEPLOY / "compose/compose.yaml").read_text(encoding="utf-8")
        self.services = yaml.safe_load(self.filled(text))["services"]

    def filled(self, text):
        """The text with `${NAME}` and `${NAME:-default}` replaced."""

        def value(match):
            name, default = match.groups()
            return self.variables.get(name) or default or ""

        return re.sub(r"(?<!\$)\$\{([A-Z_0-9]+)(?::-([^}]*))?\}", value, text)

    def roles(self):
        """Our own services, in the order of the file."""
        return {name: service for name, service in self.services.items() if "profiles" not in service}

    def environment(self, service):
        """What a service has in its environment: names without value only where they are set."""
        given = {name: self.variables.get(name) if value is None else str(value) for name, value in service["environment"].items()}
        return {name: value for name, value in given.items() if value is not None}


class Processes:
    """Services as processes of this machine."""

    def __init__(self, compose, executable, folder):
        self.compose, self.executable, self.folder, self.running = compose, executable, folder, {}
        self.ports = {name: free_port() for name in compose.roles()}
        compose.variables["IGLU_URL"] = f"http://127.0.0.1:{self.ports['iglu']}/api"
        compose.variables["IGLU_CENTRAL_URL"] = compose.variables["IGLU_URL"]
        compose.read()

    def start(self, name, service):
        port = self.ports[name]
        command = [word.replace("/etc/piste", str(DEPLOY / "config")) for word in service["command"]]
        if command[0] == "collector":
            command += [f"-Dcollector.port={port}", f"-Dcollector.adminListen=127.0.0.1:{free_port()}"]
            command += [f"-Dcollector.streams.spill.folder={self.folder / 'spill'}"]
        elif command[0] == "iglu-server":
            command += [f"-DrepoServer.port={port}"]
        else:
            command += [f"-Dmonitoring.healthProbe.port={port}"]
        environment = {"PATH": os.environ["PATH"], "HOSTNAME": name, **self.compose.environment(service)}
        log = open(self.folder / f"{name}.log", "ab")
        return subprocess.Popen([self.executable, *command], env=environment, stdout=log, stderr=log)

    def up(self):
        for name, service in self.compose.roles().items():
            if name == "iglu-setup":
                code = self.start(name, service).wait(PATIENCE)
                assert code == 0, f"iglu-setup ended with {code}"
        for name, service in self.compose.roles().items():
            if name != "iglu-setup":
                self.running[name] = self.start(name, service)
        until("all to be well", lambda: all(map(self.well, self.running)))

    def well(self, name):
        code = self.running[name].poll()
        assert code is None, f"{name} ended with {code}"
        asked = subprocess.run([self.executable, "healthcheck", "--pid", str(self.running[name].pid)], capture_output=True, check=False)
        return asked.returncode == 0

    def down(self):
        """Ends all at once; what each of them ended with, and after how many seconds."""
        from_then = time.monotonic()
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        ends = {}
        for name, process in self.running.items():
            code = process.wait(PATIENCE)
            ends[name] = (code, time.monotonic() - from_then)
        self.running = {}
        return ends

    def collector(self):
        return f"http://127.0.0.1:{self.ports['collector']}"

    def registry(self):
        return f"http://127.0.0.1:{self.ports['iglu']}"

    def logs(self):
        return {path.name: path.read_text(errors="replace") for path in self.folder.glob("*.log")}

    def close(self):
        for process in self.running.values():
            process.kill()


class Containers:
    """Services as containers of podman."""

    def __init__(self, compose, image, folder):
        self.compose, self.image, self.folder, self.running = compose, image, folder, []
        self.name = f"piste-{uuid.uuid4().hex[:8]}"
        self.port, self.iglu_port = free_port(), free_port()
        compose.variables["IGLU_CENTRAL_URL"] = "http://iglu:8080/api"
        compose.read()
        self.podman("network", "create", self.name)
        self.podman("volume", "create", self.name)

    def podman(self, *words, check=True):
        done = subprocess.run(["podman", *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"podman {' '.join(map(str, words))}: {done.stderr}"
        return done

    def container(self, name):
        return f"{self.name}-{name}"

    def start(self, name, service, detach=True):
        words = ["run", "--name", self.container(name), "--network", self.name, "--network-alias", name, "--replace"]
        words += ["--user", service["user"], "--memory", service["mem_limit"], "--hostname", name]
        words += ["--read-only"] if service["read_only"] else []
        words += [word for each in service["cap_drop"] for word in ("--cap-drop", each)]
        words += ["--security-opt", "no-new-privileges"] if "no-new-privileges:true" in service["security_opt"] else []
        words += [word for each in service["tmpfs"] for word in ("--tmpfs", each)]
        for volume in service["volumes"]:
            source, rest = volume.split(":", 1)
            source = DEPLOY / "compose" / source if source.startswith(".") else self.name
            words += ["--volume", f"{os.path.normpath(source)}:{rest}"]
        if name == "collector":
            words += ["--publish", f"127.0.0.1:{self.port}:8080"]
        if name == "iglu":
            words += ["--publish", f"127.0.0.1:{self.iglu_port}:8080"]
        for variable, value in self.compose.environment(service).items():
            words += ["--env", f"{variable}={value}"]
        # Its check is run by hand below: timers need systemd.
        words += ["--no-healthcheck"]
        words += ["--detach"] if detach else ["--rm"]
        self.podman(*words, self.image, *service["command"])

    def up(self):
        for name, service in self.compose.roles().items():
            if name == "iglu-setup":
                self.start(name, service, detach=False)
        for name, service in self.compose.roles().items():
            if name != "iglu-setup":
                self.running.append(name)
                self.start(name, service)
        until("all to be well", lambda: all(map(self.well, self.running)))

    def well(self, name):
        state = self.podman("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", self.container(name)).stdout.split()
        assert state[0] == "running", f"{name} ended with {state[1]}: {self.podman('logs', self.container(name)).stderr}"
        return self.podman("exec", self.container(name), "/piste", "healthcheck", check=False).returncode == 0

    def down(self):
        from_then = time.monotonic()
        stopping = [subprocess.Popen(["podman", "stop", "--time", "90", self.container(name)], stdout=subprocess.DEVNULL) for name in self.running]
        ends = {}
        for name, process in zip(self.running, stopping):
            process.wait(PATIENCE)
            code = self.podman("inspect", "--format", "{{.State.ExitCode}}", self.container(name)).stdout.strip()
            ends[name] = (int(code), time.monotonic() - from_then)
        self.running = []
        return ends

    def collector(self):
        return f"http://127.0.0.1:{self.port}"

    def registry(self):
        return f"http://127.0.0.1:{self.iglu_port}"

    def logs(self):
        names = self.compose.roles()
        return {name: self.podman("logs", self.container(name), check=False).stderr for name in names}

    def close(self):
        for name in self.compose.roles():
            self.podman("rm", "--force", "--time", "0", self.container(name), check=False)
        self.podman("network", "rm", "--force", self.name, check=False)
        self.podman("volume", "rm", "--force", self.name, check=False)


class Lake:
    """The bucket."""

    def __init__(self, port):
        endpoint = f"http://127.0.0.1:{port}"
        settings = Config(s3={"addressing_style": "path"})
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
        self.kinesis = boto3.client("kinesis", endpoint_url=endpoint, **keys)
        self.s3 = boto3.client("s3", endpoint_url=endpoint, config=settings, **keys)

    def lines(self, prefix):
        """All lines of the files under a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="piste", Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", []) if each["Key"].endswith(".gz")]
        bodies = [gzip.decompress(self.s3.get_object(Bucket="piste", Key=key)["Body"].read()) for key in keys]
        return [line for body in bodies for line in body.split(b"\n") if line]

    def streams(self, promised):
        """How many of the promised events are in the streams, and where in the raw stream those are that are not enriched."""
        told, kinds = {}, {}
        for name, pattern in (("raw", rb"eid=([0-9a-f-]{36})"), ("enriched", rb"^(?:[^\t]*\t){6}([^\t]*)")):
            stream = f"piste-{name}-stream"
            at = self.kinesis.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
            at, kinds[name] = at["ShardIterator"], []
            while True:
                read = self.kinesis.get_records(ShardIterator=at, Limit=5000)
                if not read["Records"]:
                    break
                kinds[name] += [match.group(1).decode() for record in read["Records"] if (match := re.search(pattern, record["Data"]))]
                at = read["NextShardIterator"]
            told[name] = f"{len(set(kinds[name]) & set(promised))} in {len(kinds[name])} records"
        enriched = set(kinds["enriched"])
        told["not enriched, by place in raw"] = [i for i, event in enumerate(kinds["raw"]) if event not in enriched]
        return told

    def ids(self):
        """The ids of all enriched events, as often as they are there."""
        return sorted(line.split(b"\t")[6].decode() for line in self.lines("enriched/"))


class Load(threading.Thread):
    """Sends page views one after the other; those that were answered 200 are promised."""

    def __init__(self, collector):
        super().__init__(daemon=True)
        self.collector, self.promised, self.ends = collector, [], threading.Event()

    def run(self):
        while not self.ends.is_set():
            event = str(uuid.uuid4())
            if send(self.collector, event):
                self.promised.append(event)
            else:
                time.sleep(0.05)


def send(collector, event):
    """Whether a page view was answered 200."""
    url = f"{collector}/i?e=pv&p=web&tv=story&aid=story&eid={event}&url=http%3A%2F%2Fstory%2F%3Futm_source%3Dtest"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def publish(services, key):
    """Puts a schema and its predecessor into the registry, as one who has the key that may do everything."""
    schema = json.loads((DEPLOY.parent / "iglu/schemas" / key).read_text(encoding="utf-8"))
    headers = {"apikey": services.compose.variables["IGLU_SUPER_API_KEY"], "Content-Type": "application/json"}
    for version in ("1-0-0", schema["self"]["version"]):
        schema["self"]["version"] = version
        address = f"{services.registry()}/api/schemas/{key.rsplit('/', 1)[0]}/{version}"
        asked = urllib.request.Request(address, json.dumps(schema).encode(), headers, method="PUT")
        assert urllib.request.urlopen(asked, timeout=10).status in (200, 201)


def tell(services, streams, postgres):
    """The story."""
    lake = Lake(streams)
    services.up()
    collector = services.collector()
    publish(services, "com.snowplowanalytics.snowplow.badrows/tracker_protocol_violations/jsonschema/1-0-1")
    good = str(uuid.uuid4())
    assert send(collector, good), "a good event was not taken"
    wrong = urllib.request.Request(f"{collector}/com.snowplowanalytics.snowplow/tp2", b"no json", {"Content-Type": "application/json"})
    assert urllib.request.urlopen(wrong, timeout=10).status == 200, "a bad event was not taken"
    until("the good event in the bucket", lambda: lake.ids() == [good])
    until("the good event in Postgres", lambda: postgres.ask("select event_id from atomic.events") == [good])
    bad = until("the bad row in the bucket", lambda: lake.lines("bad/partitioned/com.snowplowanalytics.snowplow.badrows."))
    schema = json.loads(bad[0])["schema"]
    assert schema.startswith("iglu:com.snowplowanalytics.snowplow.badrows/"), schema
    until("both payloads in the bucket", lambda: len(lake.lines("raw/")) >= 2)
    rows = "select count(*) from atomic_bad.com_snowplowanalytics_snowplow_badrows_tracker_protocol_violations_1"
    until("the bad row in Postgres", lambda: postgres.ask(rows) == ["1"])

    promised = [good]
    for _ in range(2):
        load = Load(collector)
        load.start()
        until("load", lambda: len(load.promised) >= 50)
        ends = services.down()
        load.ends.set()
        load.join(PATIENCE)
        promised += load.promised
        wrong = {name: end for name, end in ends.items() if end[0] != 0 or end[1] > 90}
        assert not wrong, f"not ended with 0 within 90 s: {wrong}"
        services.up()
    count = "select count(*) from atomic.events"
    try:
        until("everything in Postgres", lambda: int(postgres.ask(count)[0]) >= len(promised))
    except TimeoutError as error:
        found = {"Postgres": int(postgres.ask(count)[0]), "bucket": len(lake.ids()), **lake.streams(promised)}
        raise TimeoutError(f"{len(promised)} events were promised, found are {found}") from error
    assert sorted(postgres.ask("select event_id from atomic.events")) == sorted(promised), "Postgres has each event once"
    until("everything in the bucket", lambda: len(lake.ids()) >= len(promised))
    assert lake.ids() == sorted(promised), "the bucket has each event once"
    slowest = max(end[1] for end in services.down().values())
    return f"{len(promised)} events promised under load and two ends, each in one file and one row; ended within {slowest:.0f} s"


def main():
    kind, what = sys.argv[1:]
    address = "127.0.0.1" if kind == "processes" else "0.0.0.0"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="piste-"))
    folder.chmod(0o755)
    streams = free_port()
    environment = {
        **os.environ,
        "PORT": str(streams),
        "ADDRESS": address,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "STREAMS": "piste-raw-stream piste-enriched-stream piste-bad-1-stream piste-bad-2-stream",
        "BUCKET": "s3://piste",
    }
    log = open(folder / "streams.out", "wb")
    server = subprocess.Popen([sys.executable, DEPLOY / "compose/streams.py"], env=environment, stdout=log, stderr=log)
    services = postgres = None
    try:
        check = [sys.executable, DEPLOY / "compose/streams.py", "--check"]
        until("streams", lambda: listens(streams) and subprocess.run(check, env=environment, capture_output=True, check=False).returncode == 0)
        postgres = Postgres(folder, address)
        # Containers reach this machine at the gateway of their network.
        host = "127.0.0.1" if kind == "processes" else "host.containers.internal"
        variables = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL": f"http://{host}:{streams}",
            "AWS_ENDPOINT_URL_S3": f"http://{host}:{streams}",
            "POSTGRES_HOST": host,
            "POSTGRES_PORT": str(postgres.port),
            "POSTGRES_PASSWORD": PASSWORD,
            "S3_LOADER_DELAY": "2 seconds",
            "IGLU_SUPER_API_KEY": str(uuid.uuid4()),
        }
        services = (Processes if kind == "processes" else Containers)(Compose(variables), what, folder)
        print(tell(services, streams, postgres))
    except BaseException:
        for name, text in (services.logs() if services else {}).items():
            print(f"--- {name}\n{text[-3000:]}")
        raise
    finally:
        if services:
            services.close()
        if postgres:
            postgres.server.send_signal(signal.SIGQUIT)
            postgres.server.wait()
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
