"""What can be said of deploy/terraform without running it: rights, providers, links, names.

    python static.py [POLICIES]     writes the policies as a CloudFormation template to this file, for cfn-lint
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2] / "terraform"

# Actions that AWS judges by no resource.
EVERYWHERE = {"cloudwatch:GetMetricData", "ecr:GetAuthorizationToken", "ssm:UpdateInstanceInformation"} | {
    f"ssmmessages:{call}" for call in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
}

# What the original's two stacks put out.
OUTPUTS = {"iglu_server_dns_name", "collector_dns_name", "postgres_db_address", "postgres_db_port", "postgres_db_id"}

# What the original's two stacks take, as far as it is no key of a warehouse.
VARIABLES = """prefix tags iam_permissions_boundary vpc_id public_subnet_ids private_subnet_ids ssh_public_key ssh_ip_allowlist
    s3_bucket_name s3_bucket_deploy s3_bucket_object_prefix iglu_server_dns_name iglu_super_api_key iglu_db_name iglu_db_username
    iglu_db_password postgres_db_enabled postgres_db_name postgres_db_username postgres_db_password postgres_db_publicly_accessible
    postgres_db_ip_allowlist s3_raw_enabled s3_bad_enabled s3_enriched_enabled pipeline_kcl_write_max_capacity ssl_information
    cloudwatch_logs_enabled cloudwatch_logs_retention_days telemetry_enabled user_provided_id accept_limited_use_license
    snowflake_enabled snowflake_streaming_enabled databricks_enabled redshift_enabled""".split()


def policies():
    """Templates of roles, a value in place of each placeholder."""
    values = {"partition": "aws", "region": "eu-west-1", "account": "123456789012"}
    arns = {"key": "kms:eu-west-1:123456789012:key/a", "table": "dynamodb:eu-west-1:123456789012:table/a", "assets": "s3:::a/*", "objects": "s3:::a/b/*", "package": "s3:::a/b"}
    arns |= {"log_group": "logs:eu-west-1:123456789012:log-group:a:*", "parameters": "ssm:eu-west-1:123456789012:parameter/a", "secrets": "secretsmanager:eu-west-1:123456789012:secret:a"}
    arns |= {"repository": "ecr:eu-west-1:123456789012:repository/a", "services": "ecs:eu-west-1:123456789012:service/a/b"}
    arns |= {name: "sqs:eu-west-1:123456789012:a" for name in ("queue_good", "queue_bad")}
    arns |= {name: "kinesis:eu-west-1:123456789012:stream/a" for name in ("stream_in", "stream_good", "stream_bad", "stream_failed", "streams")}
    values |= {name: f"arn:aws:{arn}" for name, arn in arns.items()}
    for file in sorted(HERE.glob("iam/*.json")):
        text = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], file.read_text())
        yield file.stem, json.loads(text)


def findings():
    for name, document in policies():
        for statement in document["Statement"]:
            for action in statement["Action"]:
                if "*" in action:
                    yield f"iam/{name}.json: {action}"
                if "*" in statement["Resource"] and action not in EVERYWHERE:
                    yield f"iam/{name}.json: {action} on everything"
            if statement["Effect"] != "Allow" or not statement["Sid"].isalnum():
                yield f"iam/{name}.json: {statement['Sid']}"
    for file in HERE.glob("iam/resource/*.json"):
        json.loads(file.read_text())

    for file in HERE.rglob("*.tf"):
        if ".terraform" in file.parts:
            continue
        text, path = file.read_text(), file.relative_to(HERE)
        for kind in re.findall(r'^(?:resource|data|ephemeral) "(\w+)"', text, re.M):
            if not kind.startswith("aws_") and kind != "terraform_data":
                yield f"{path}: {kind} is of another provider than aws"
        for source in re.findall(r'source\s*=\s*"([^"./][^"]*)"', text):
            if source != "hashicorp/aws":
                yield f"{path}: {source} comes from elsewhere"
        if path.parts[0] != "environments":
            for block, name in re.findall(r'^(variable|output) "(\w+)" \{\n(?!  description)', text, re.M):
                yield f"{path}: {block} {name} has no description"
        if "aws_iam_policy" in text or "assume_role_policy = jsonencode" in text:
            yield f"{path}: a policy outside iam/"

    pipeline = {file.name for file in (HERE / "pipeline").glob("*.tf")}
    for folder in (HERE / "environments").iterdir():
        linked = {file.name for file in folder.glob("*.tf") if file.is_symlink() and file.resolve().parent == HERE / "pipeline"}
        if linked != pipeline:
            yield f"environments/{folder.name}: links are missing or too many: {sorted(linked ^ pipeline)}"

    text = "".join(file.read_text() for file in (HERE / "pipeline").glob("*.tf"))
    for kind, names in (("output", OUTPUTS), ("variable", VARIABLES)):
        there = set(re.findall(rf'^{kind} "(\w+)"', text, re.M))
        for name in sorted(set(names) - there):
            yield f"pipeline: the original's {kind} {name} is missing"
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.M | re.S):
        if not re.search(r"^  default +=", body, re.M):
            yield f"pipeline: variable {name} must be given"
        if re.search(r"password|private_key$|passphrase|auth_token|super_api_key$", name) and "ephemeral   = true" not in body:
            yield f"pipeline: variable {name} is a secret and would stand in the plan"


if __name__ == "__main__":
    found = list(findings())
    if found:
        raise SystemExit("\n".join(found))
    if len(sys.argv) > 1:
        resources = {
            re.sub(r"\W", "", name): {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
            for name, document in policies()
            if document["Statement"]
        }
        Path(sys.argv[1]).write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
    print(f"{len(list(policies()))} policies of roles, {len(list((HERE / 'modules').iterdir()))} modules")
