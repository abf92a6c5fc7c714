"""The AWS of these tests: server.py in a process of its own, and clients that may do everything."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3

REGION = "eu-west-1"


class Aws:
    """Runs while it is entered. `allowed` and `denied` are files of calls that were judged, one a line: who, action, resource."""

    def __init__(self, work):
        self.allowed, self.denied = Path(work, "allowed"), Path(work, "denied")
        self.allowed.touch()
        self.denied.touch()
        self.keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        judged = {"ALLOWED_CALLS": str(self.allowed), "DENIED_CALLS": str(self.denied)}
        free_calls = {"INITIAL_NO_AUTH_ACTION_COUNT": "999999999"}
        self.server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py")), str(self.port)],
            env={**os.environ, **judged, **free_calls},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                if self.server.poll() is not None:
                    raise SystemExit("the server of these tests has ended at once") from None
                time.sleep(0.1)

    def __exit__(self, *_):
        self.server.kill()
        self.server.wait()

    def client(self, service, keys=None):
        """A client of a service, with these keys instead of one's own."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **(keys or self.keys))

    def judge(self):
        """From here on each call is judged by its caller's policies; this client goes on as somebody who may do everything."""
        iam = self.client("iam")
        iam.create_user(UserName="everything")
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
        iam.put_user_policy(UserName="everything", PolicyName="everything", PolicyDocument=policy)
        made = iam.create_access_key(UserName="everything")["AccessKey"]
        self._free(0)
        self.keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}

    def judge_no_more(self):
        """Every call is allowed again."""
        self._free(999999999)

    def _free(self, calls):
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(self.url + "/moto-api/reset-auth", str(calls).encode(), headers, method="POST")
        urllib.request.urlopen(request).close()

    def become(self, role_arn):
        """Keys of a role."""
        found = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }
