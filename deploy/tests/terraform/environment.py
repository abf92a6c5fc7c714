"""An environment of deploy/terraform, in a copy without state."""

import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parents[2] / "terraform"

SERVICES = """acm appautoscaling cloudwatch dynamodb ec2 ecr ecs elbv2 iam kinesis kms logs rds route53 s3 secretsmanager sns
    sqs ssm sts wafv2"""


class Environment:
    def __init__(self, name, aws, work):
        self.root = Path(work, "terraform")
        shutil.copytree(HERE, self.root, symlinks=True, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        shutil.copy(HERE.parent / "prices.toml", work)
        shutil.copytree(HERE.parent / "config", Path(work, "config"))
        self.folder = self.root / "environments" / name
        endpoints = {service: aws.url for service in SERVICES.split()}
        provider = {
            "access_key": "test",
            "secret_key": "test",
            "region": "eu-west-1",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "s3_use_path_style": True,
            "max_retries": 2,
            "endpoints": endpoints,
        }
        (self.folder / "test_override.tf.json").write_text(json.dumps({"provider": {"aws": provider}}))

    def run(self, *arguments):
        """Runs terraform here and returns what it says; ends the test where it fails."""
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"terraform {' '.join(arguments)} in {self.folder.name}:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
        return done.stdout

    def init(self):
        self.run("init", "-input=false", "-no-color")

    def apply(self, *arguments):
        """Plans and applies; the plan as JSON is kept in `plan`."""
        self.chosen = arguments
        self.run("plan", "-input=false", "-no-color", "-parallelism=30", "-out=plan", *arguments)
        self.plan = self.run("show", "-json", "plan")
        self.run("apply", "-input=false", "-no-color", "-parallelism=30", "plan")
        self.state = (self.folder / "terraform.tfstate").read_text()

    def outputs(self):
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    def destroy(self):
        """With keep_data off first: what holds data refuses to go."""
        self.run("apply", "-input=false", "-no-color", "-parallelism=30", "-auto-approve", "-var=keep_data=false", *self.chosen)
        self.run("destroy", "-input=false", "-no-color", "-parallelism=30", "-auto-approve", "-var=keep_data=false", *self.chosen)
