"""The services of an applied environment as processes of this machine: each with the command, environment, secrets and role that
its task definition says, under its own policies.

They take in, enrich, file and load good and bad events while streams are split, with schemas of the environment's own registry;
databases take only what comes over TLS. Then: every right was used, none was lacking, what no role may do is refused, and without
any one of its rights a role says that it is refused.
"""

import base64
import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import scaling
from botocore.exceptions import ClientError
from events import PATIENCE, events, few, publish, send, unloadable, until
from postgres import Postgres

ACCOUNT = "123456789012"


def plain(text):
    """What is in Base64, and anything else as it is."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Service:
    """A service as its task definition says."""

    def __init__(self, aws, name, work):
        self.aws, self.name, self.work = aws, name, work
        task = aws.client("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
        [container] = task["containerDefinitions"]
        self.command, self.role = container["command"], task["taskRoleArn"].split("/")[-1]
        self.env = {each["name"]: each["value"] for each in container["environment"]}
        self.keys = aws.become(task["taskRoleArn"])
        self.start_keys = aws.become(task["executionRoleArn"])
        self.secrets = {each["name"]: each["valueFrom"] for each in container["secrets"]}
        self.port, self.probe = free_port(), free_port()
        self.hidden, self.moved = {}, []

    def resolve(self):
        """What ECS does with the execution role before the container starts."""
        ssm, secrets = (self.aws.client(service, self.start_keys) for service in ("ssm", "secretsmanager"))
        for name, arn in self.secrets.items():
            if ":ssm:" in arn:
                [found] = ssm.get_parameters(Names=[arn.split(":parameter", 1)[1]])["Parameters"]
                self.env[name] = found["Value"]
            else:
                parts = arn.split(":")
                value = secrets.get_secret_value(SecretId=":".join(parts[:7]))["SecretString"]
                self.env[name] = json.loads(value)[parts[7]] if len(parts) > 7 else value
                if not name.endswith("_USER"):
                    self.hidden[name] = self.env[name]

    def start(self):
        """Runs it, with what differs here: addresses and shorter waits."""
        here = {
            "collector": [f"collector.port={self.port}", f"collector.adminListen=127.0.0.1:{self.probe}", "collector.preTerminationPeriod=0"],
            "enrich": [f"monitoring.healthProbe.port={self.probe}"],
            "s3-loader": [
                f"monitoring.healthProbe.port={self.probe}",
                "buffer.timeLimit=1000" if "raw" in self.name else "batching.maxDelay=1s",
            ],
            "postgres-loader": [f"monitoring.healthProbe.port={self.probe}"],
            "iglu-server": [f"repoServer.port={self.port}", "preTerminationPeriod=0"],
            "scaler": [],
        }[self.command[0]] + self.moved
        keys = {name.upper(): value for name, value in self.keys.items()}
        env = {**self.env, **keys, "AWS_ENDPOINT_URL": self.aws.url, "AWS_ENDPOINT_URL_S3": self.aws.url, "HOSTNAME": self.name, "HOME": str(self.work)}
        self.log = Path(self.work, self.name + ".log")
        with open(self.log, "w") as log:
            arguments = [os.environ["PISTE"], *self.command, *(f"-D{each}" for each in here)]
            if self.command[0] == "scaler":
                arguments += ["--every", "1", "--admin-listen", f"127.0.0.1:{self.probe}"]
            self.process = subprocess.Popen(arguments, env=env, cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, expected=0):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit(f"{self.name} does not end:\n{self.said()}") from None
        if code != expected:
            raise SystemExit(f"{self.name} ends with {code}:\n{self.said()}")

    def said(self):
        return "\n".join(self.log.read_text().splitlines()[-20:])

    def policies(self):
        iam = self.aws.client("iam")
        for name in iam.list_role_policies(RoleName=self.role)["PolicyNames"]:
            yield name, iam.get_role_policy(RoleName=self.role, PolicyName=name)["PolicyDocument"]

    def rights(self):
        """(action, resource) of all that it may do; the use of keys is not judged by this AWS."""
        for _, document in self.policies():
            for statement in document["Statement"]:
                if not statement["Sid"].startswith("Key"):
                    yield from ((action, resource) for action in statement["Action"] for resource in statement["Resource"])


def calls(file):
    """Role -> (action, resource) of what was judged."""
    found = {}
    for line in file.read_text().splitlines():
        who, action, resource = line.split(" ", 2)
        found.setdefault(who.split("/")[1] if "/" in who else who, set()).add((action, resource))
    return found


def story(aws, services, postgres):
    """Good and bad events from end to end, while streams are split; `postgres` is None where nobody loads into it."""
    for service in services.values():
        service.start()
    s3, kinesis = aws.client("s3"), aws.client("kinesis")
    bucket = f"piste-{ACCOUNT}-eu-west-1"

    def folders():
        return {each["Key"].split("/")[0] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}

    def said():
        return "\n".join(f"-- {name}\n{service.said()}" for name, service in services.items())

    wanted = {name: set(each.rights()) for name, each in services.items()}

    def lacking():
        used = calls(aws.allowed)
        found = {name: unused(rights, used.get(services[name].role, set())) for name, rights in wanted.items()}
        return {name: sorted(rights) for name, rights in found.items() if rights}

    def rows(table):
        found = postgres.ask(f"select count(*) from {table}", "snowplow")
        return int(found[0]) if found else 0

    try:
        publish(services["iglu"])
        events(services["collector"])
        unloadable(kinesis)
        until("files in all folders", lambda: folders() >= {"raw", "enriched", "bad"})
        if postgres:
            until("events in Postgres", lambda: rows("atomic.events") == 2)
            until("the event of one's own in Postgres", lambda: rows("atomic.com_acme_click_1") == 1)
            kind = "atomic_bad.com_snowplowanalytics_snowplow_badrows_"
            until("bad rows in Postgres", lambda: rows(kind + "adapter_failures_1") == 1 and rows(kind + "size_violation_1") == 1)
        # All shards are split: readers finish them and take up their children.
        for name in ("raw", "enriched", "bad-1"):
            kinesis.split_shard(StreamName=f"piste-{name}-stream", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
        until("every right is used", lambda: (few(services["collector"]), not lacking())[1])
    except SystemExit as error:
        raise SystemExit(f"{error}\nnot used: {lacking()}\nfolders: {folders()}\nrefused: {calls(aws.denied)}\n{said()}") from None
    for service in services.values():
        service.stop()


def needed(aws):
    """What was refused, but for the question by which a loader finds out that S3 answers: a refusal is an answer."""
    found = {role: {call for call in refused if not call[1].endswith("/%7Ereach")} for role, refused in calls(aws.denied).items()}
    return {role: refused for role, refused in found.items() if refused}


def unused(rights, used):
    def covers(resource, found):
        return found == resource or (resource.endswith("*") and found.startswith(resource[:-1]))

    return {(action, resource) for action, resource in rights if not any(action == a and covers(resource, r) for a, r in used)}


def refused(aws, services):
    """What no role may do (spec/deploy 4)."""
    stream, bucket = "piste-{}-stream".format, f"piste-{ACCOUNT}-eu-west-1"
    record = {"PartitionKey": "1", "Data": b"x"}
    shard = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    everybody = [
        ("iam", "list_roles", {}),
        ("kinesis", "delete_stream", {"StreamName": stream("raw")}),
        ("s3", "delete_object", {"Bucket": bucket, "Key": "raw/x"}),
        ("dynamodb", "create_table", {"TableName": "x", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}),
    ]
    table = {
        "collector": [("kinesis", "put_records", {"StreamName": stream("enriched"), "Records": [record]}), ("dynamodb", "scan", {"TableName": "piste-enrich-server"})],
        "enrich": [
            ("kinesis", "get_shard_iterator", {"StreamName": stream("enriched"), **shard}),
            ("kinesis", "put_records", {"StreamName": stream("raw"), "Records": [record]}),
            ("dynamodb", "scan", {"TableName": "piste-s3-loader-raw-server"}),
        ],
        "s3-loader-raw": [
            ("s3", "put_object", {"Bucket": bucket, "Key": "enriched/x", "Body": b""}),
            ("s3", "get_object", {"Bucket": bucket, "Key": "raw/x"}),
            ("s3", "list_objects_v2", {"Bucket": bucket}),
            ("kinesis", "get_shard_iterator", {"StreamName": stream("enriched"), **shard}),
            ("kinesis", "put_records", {"StreamName": stream("bad-1"), "Records": [record]}),
            ("dynamodb", "scan", {"TableName": "piste-enrich-server"}),
        ],
        "postgres-loader-enriched": [
            ("kinesis", "get_shard_iterator", {"StreamName": stream("bad-1"), **shard}),
            ("kinesis", "put_records", {"StreamName": stream("bad-2"), "Records": [record]}),
            ("dynamodb", "scan", {"TableName": "piste-postgres-loader-bad-server"}),
            ("s3", "put_object", {"Bucket": bucket, "Key": "enriched/x", "Body": b""}),
        ],
        "postgres-loader-bad": [
            ("kinesis", "get_shard_iterator", {"StreamName": stream("enriched"), **shard}),
            ("kinesis", "put_records", {"StreamName": stream("bad-1"), "Records": [record]}),
        ],
        "s3-loader-bad": [("kinesis", "put_records", {"StreamName": stream("bad-1"), "Records": [record]}), ("s3", "put_object", {"Bucket": bucket, "Key": "raw/x", "Body": b""})],
        "iglu": [("kinesis", "describe_stream_summary", {"StreamName": stream("raw")}), ("secretsmanager", "list_secrets", {})],
    }
    count = 0
    for name, service in services.items():
        for api, call, arguments in everybody + table.get(name, []):
            try:
                getattr(aws.client(api, service.keys), call)(**arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
                    raise SystemExit(f"{name}: {call}: {error}") from None
                count += 1
            else:
                raise SystemExit(f"{name} may {call} {arguments}")
    return count


def without_each(aws, services, postgres):
    """Takes one right at a time from each role, and sees it refused and said."""
    with ThreadPoolExecutor(3) as several:
        return sum(several.map(lambda service: without_each_of(aws, service, postgres), services.values()))


def without_each_of(aws, service, postgres, prepare=lambda: None):
    iam, dynamodb, kinesis, count = aws.client("iam"), aws.client("dynamodb"), aws.client("kinesis"), 0
    schema = {"enriched": "atomic", "bad": "atomic_bad"}.get(service.name.split("-")[-2])
    for policy, document in list(service.policies()):
        for right in sorted({action for action, _ in service.rights()}):
            kept = [{**each, "Action": [action for action in each["Action"] if action != right]} for each in document["Statement"]]
            less = {**document, "Statement": [each for each in kept if each["Action"]]}
            iam.put_role_policy(RoleName=service.role, PolicyName=policy, PolicyDocument=json.dumps(less))
            # Leases are forgotten: all is read again, from the shard that was split.
            if service.role in dynamodb.list_tables()["TableNames"]:
                for item in dynamodb.scan(TableName=service.role)["Items"]:
                    dynamodb.delete_item(TableName=service.role, Key={"leaseKey": item["leaseKey"]})
            if service.command[0] == "postgres-loader":
                postgres.ask(f"truncate {schema}.piste_checkpoints", "snowplow")
            prepare()
            before = len(aws.denied.read_text())
            service.start()

            def noticed(right=right, before=before):
                if service.command[0] == "collector" and service.process.poll() is None:
                    send(service.port, "GET", "/i?e=pv&p=web&tv=test")
                found = aws.denied.read_text()[before:]
                return any(f"/{service.role}/" in line and f" {right} " in line for line in found.splitlines())

            try:
                until(f"{service.name} without {right} is refused", noticed)
                until(f"{service.name} without {right} says so", lambda: any(word in service.log.read_text() for word in ("AccessDenied", "not authorized", "not allowed")))
            except SystemExit as error:
                raise SystemExit(f"{error}\n{service.said()}") from None
            finally:
                service.process.kill()
                service.process.wait()
            count += 1
        iam.put_role_policy(RoleName=service.role, PolicyName=policy, PolicyDocument=json.dumps(document))
    return count


def run(aws, work):
    """Does all of it, and says what was seen."""
    kinds = ("collector", "enrich", "iglu", "postgres-loader-bad", "postgres-loader-enriched", "s3-loader-bad", "s3-loader-enriched", "s3-loader-raw")
    services = {name: Service(aws, f"piste-{name}-server", work) for name in kinds}
    scaler = Service(aws, "piste-scaler", work)
    # It refuses what comes without TLS, which this AWS does not speak.
    aws.client("s3").delete_bucket_policy(Bucket=f"piste-{ACCOUNT}-eu-west-1")
    aws.judge()
    for service in services.values():
        service.resolve()
    no = refused(aws, services)
    with Postgres(work) as postgres:
        registry, loader = services["iglu"].env, services["postgres-loader-bad"].env
        postgres.admit(registry["IGLU_DB_NAME"], registry["IGLU_DB_USER"], registry["IGLU_DB_PASSWORD"])
        postgres.admit(loader["POSTGRES_DATABASE"], loader["POSTGRES_USER"], loader["POSTGRES_PASSWORD"])
        place = {"HOST": "127.0.0.1", "PORT": str(postgres.port)}
        address = f"http://127.0.0.1:{services['iglu'].port}/api"
        for service in services.values():
            for name in [each for each in service.env if each.endswith("_HOST")]:
                service.env |= {name.replace("HOST", part): value for part, value in place.items()}
            if "IGLU_URL" in service.env:
                service.env |= {"IGLU_URL": address, "IGLU_CENTRAL_URL": address}
        try:
            aws.denied.write_text("")
            story(aws, services, postgres)
            if needed(aws):
                raise SystemExit(f"refused although it is needed: {needed(aws)}")
            for service in services.values():
                for name, secret in service.hidden.items():
                    if any(secret in each.log.read_text() for each in services.values()):
                        raise SystemExit(f"a role logs the value of {name}")
            less = without_each(aws, services, postgres)
            services["scaler"] = scaler
            seen = len(aws.denied.read_text())
            scaling.scaled(aws, scaler)
            lacking = unused(set(scaler.rights()) - scaling.spared(scaler.rights()), calls(aws.allowed).get(scaler.role, set()))
            if lacking or len(aws.denied.read_text()) != seen:
                raise SystemExit(f"scaler: not used: {sorted(lacking)}, refused: {aws.denied.read_text()[seen:]}")
            less += without_each_of(aws, scaler, None, lambda: scaling.rush(aws))
        finally:
            for service in services.values():
                if getattr(service, "process", None) and service.process.poll() is None:
                    service.process.kill()
    rights = sum(len(set(service.rights())) for service in services.values())
    return f"{rights} rights all used and enough, {no} calls refused, {less} times one right too few"
