"""The databases of an environment: a PostgreSQL of this machine that, as on RDS, takes only connections over TLS, with the users
and passwords that Secrets Manager has.
"""

import glob
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path


def programs():
    """The folder of the newest PostgreSQL here; `None` without one."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return found[-1] if found else None


class Postgres:
    """Runs while it is entered."""

    def __init__(self, work):
        self.folder, self.bin = Path(work, "postgres"), programs()

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder.mkdir()
        data, key, certificate = self.folder / "data", self.folder / "key.pem", self.folder / "certificate.pem"
        names = ["-subj", "/CN=database", "-days", "2", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names], check=True, capture_output=True)
        key.chmod(0o600)
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if user:
            # Above it only root may look.
            self.folder.parent.chmod(0o755)
            for path in (self.folder, key, certificate):
                shutil.chown(path, "postgres")
        make = [f"{self.bin}/initdb", "-D", data, "-U", "rehearsal", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run([*user, *make], check=True, stdout=subprocess.DEVNULL, cwd="/")
        (data / "pg_hba.conf").write_text("local all rehearsal trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "ssl": "on", "ssl_key_file": key, "ssl_cert_file": certificate}
        settings |= {"fsync": "off", "password_encryption": "scram-sha-256", "unix_socket_directories": self.folder}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(Path(self.folder.parent, "postgres.log"), "wb") as log:
            self.server = subprocess.Popen([*user, f"{self.bin}/postgres", "-D", data, *options], stderr=log, cwd="/")
        while self.ask("select 1", "postgres") != ["1"]:
            if self.server.poll() is not None:
                raise SystemExit("PostgreSQL has ended at once")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.wait()

    def admit(self, database, user, password):
        """A database and its owner."""
        for sql in ("create role :\"user\" login password :'password'", f'create database "{database}" owner :"user"'):
            said = self._psql(sql, "postgres", {"user": user, "password": password})
            if said.returncode:
                raise SystemExit(f"{sql}: {said.stderr}")

    def ask(self, sql, database):
        """Lines of the answer; `None` where it is an error."""
        said = self._psql(sql, database, {})
        return said.stdout.split("\n")[:-1] if said.returncode == 0 else None

    def _psql(self, sql, database, variables):
        given = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", "rehearsal", "-d", database]
        command = [f"{self.bin}/psql", *where, "-v", "ON_ERROR_STOP=1", "-qAt", *given]
        return subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
