"""The machine of `solo`: what it does at its first start is done here, with folders and programs in place of a machine's; then every
unit runs as a process, all of them with the rights of the one machine.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import roles

DEPLOY = Path(__file__).resolve().parents[2]

# What a machine of Amazon has and this one need not: `aws` as far as the script calls it, and what would change this machine.
AWS = """#!{python}
import os, sys, boto3
words = sys.argv[1:]
option = dict(zip(words, words[1:]))
client = lambda service: boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
if words[:2] == ["ssm", "get-parameters"]:
    found = client("ssm").get_parameters(Names=[option["--names"]])["Parameters"]
    print(found[0]["Value"] if found else "None")
elif words[:2] == ["secretsmanager", "get-secret-value"]:
    print(client("secretsmanager").get_secret_value(SecretId=option["--secret-id"])["SecretString"])
elif words[:2] == ["s3", "cp"]:
    bucket, key = words[3].removeprefix("s3://").split("/", 1)
    print(client("s3").get_object(Bucket=bucket, Key=key)["ContentLength"])
else:
    sys.exit(f"nobody expected {{words}}")
"""
RPM = """#!/bin/sh
# The package has configurations, and variables for its units.
set -e
[ "$1" = --install ]
mkdir -p {root}/etc/piste/enrichments
cp {deploy}/config/*.hocon {deploy}/systemd/env/*.env {root}/etc/piste/
cp {deploy}/config/enrichments/*.json {root}/etc/piste/enrichments/
"""
SAYS = """#!/bin/sh
echo "$(basename "$0") $*" >>{root}/done
"""


class Unit(roles.Service):
    """piste@NAME, as the package and the machine's own files have it."""

    def __init__(self, name, aws, keys, role, root):
        self.aws, self.name, self.work, self.keys, self.role = aws, name, root, keys, role
        self.port, self.probe, self.hidden = roles.free_port(), roles.free_port(), {}
        self.env = {}
        for file in (root / f"etc/piste/{name}.env", root / f"run/piste-secrets/{name}"):
            if file.exists():
                self.env |= dict(line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#"))
        options = self.env.pop("PISTE_OPTIONS", "").replace("/etc/piste", f"{root}/etc/piste").split()
        role_name = re.sub("(loader)-.*", r"\1", name)
        self.command = [role_name, "--config", str(root / f"etc/piste/{name}.hocon"), *options]
        self.moved = {"collector": [f"collector.streams.spill.folder={root}/spill"], "iglu-server": [f"database.path={root}/iglu.sqlite"]}.get(name, [])

    def rights(self):
        """But for those of the agent and of logs, which nobody here uses."""
        return [right for right in super().rights() if not right[0].startswith(("ssmmessages:", "ssm:Update", "logs:"))]


def installed(aws, script, keys, root):
    """Runs what the machine runs at every start; gives its units."""
    [install] = re.findall(r"<<'INSTALL'\n(.*?)^INSTALL$", script, re.M | re.S)
    programs = root / "programs"
    programs.mkdir(parents=True)
    texts = {"aws": AWS, "rpm": RPM, "systemctl": SAYS, "chown": SAYS}
    for name, text in texts.items():
        (programs / name).write_text(text.format(python=sys.executable, root=root, deploy=DEPLOY))
        (programs / name).chmod(0o755)
    for name in "bash sh mkdir cp cat rm chmod basename python3".split():
        (programs / name).symlink_to(shutil.which(name))
    for place in ("/etc/piste", "/run/piste"):
        install = install.replace(place, f"{root}{place}")
    (root / "run").mkdir()
    env = {name.upper(): value for name, value in keys.items()} | {"PATH": str(programs), "AWS_ENDPOINT_URL": aws.url}
    done = subprocess.run([programs / "bash", "-c", install], env=env, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the machine does not start: {done.stderr}")
    [units] = re.findall(r"^systemctl enable --now --no-block piste.target (.*)$", (root / "done").read_text(), re.M)
    return [unit.removeprefix("piste@") for unit in units.split()]


def run(aws, outputs, script, work):
    """Does all of it, and says what was seen."""
    root = Path(work, "machine")
    role_arn = outputs["role_arns"]["machine"]
    s3, bucket = aws.client("s3"), outputs["bucket"]
    # It refuses what comes without TLS, which this AWS does not speak.
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=outputs["package"].removeprefix(f"s3://{bucket}/"), Body=b"rpm")
    keys = aws.become(role_arn)
    aws.judge()
    names = installed(aws, script, keys, root)
    services = {name.removesuffix("-server"): Unit(name, aws, keys, role_arn.split("/")[-1], root) for name in names}
    address = f"http://127.0.0.1:{services['iglu'].port}/api"
    for service in services.values():
        if "IGLU_URL" in service.env:
            service.env |= {"IGLU_URL": address, "IGLU_CENTRAL_URL": address}
    try:
        roles.story(aws, services, None)
    finally:
        for service in services.values():
            if getattr(service, "process", None) and service.process.poll() is None:
                service.process.kill()
    if roles.needed(aws):
        raise SystemExit(f"refused although it is needed: {roles.needed(aws)}")
    secret = services["iglu"].env["IGLU_SUPER_API_KEY"]
    if any(secret in service.log.read_text() for service in services.values()):
        raise SystemExit("a role logs the registry's key")
    return f"{len(names)} units, {len(set(services['iglu'].rights()))} rights all used and enough"
