"""Applies an environment from nothing, without any input; looks at what is there; runs the roles; destroys it.

    python apply.py small | solo
"""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import alarms
import aws as stand_in
import machine
import roles
from environment import Environment
from postgres import programs


def expect(found, wanted, what):
    if found != wanted:
        raise SystemExit(f"{what}:\n  found  {found}\n  wanted {wanted}")


def streams_tables_bucket(aws, outputs):
    """What every environment has."""
    kinesis, dynamodb, s3 = (aws.client(service) for service in ("kinesis", "dynamodb", "s3"))
    names = sorted(f"piste-{name}-stream" for name in ("raw", "enriched", "bad-1", "bad-2"))
    expect(sorted(kinesis.list_streams()["StreamNames"]), names, "streams")
    for name in names:
        stream = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        found = [stream[key] for key in ("OpenShardCount", "RetentionPeriodHours", "EncryptionType")]
        expect(found, [1, 168, "KMS"], name)
    consumers = ["enrich", "s3-loader-bad", "s3-loader-enriched", "s3-loader-raw"]
    expect(sorted(dynamodb.list_tables()["TableNames"]), [f"piste-{name}-server" for name in consumers], "tables of leases")
    for name in consumers:
        table = dynamodb.describe_table(TableName=f"piste-{name}-server")["Table"]
        keys = [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
        found = [keys, table["BillingModeSummary"]["BillingMode"], table["DeletionProtectionEnabled"]]
        expect(found, [[("leaseKey", "HASH")], "PAY_PER_REQUEST", True], name)
        backups = dynamodb.describe_continuous_backups(TableName=f"piste-{name}-server")["ContinuousBackupsDescription"]
        expect(backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED", f"backups of {name}")
    bucket = outputs["bucket"]
    expect(set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()), {True}, "public access")
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    expect(policy["Statement"][0]["Condition"], {"Bool": {"aws:SecureTransport": "false"}}, "the bucket's policy")
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    steps = sorted((step["Days"], step["StorageClass"]) for step in rules["raw"]["Transitions"])
    expect(steps, [(30, "GLACIER_IR"), (180, "DEEP_ARCHIVE")], "what becomes of raw files")
    expect(s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled", "versions of objects")


def told(aws):
    """Alarms all go to one topic, and each is set off by what it is for."""
    found = [each for each in aws.client("cloudwatch").describe_alarms()["MetricAlarms"] if each["AlarmName"].startswith("piste-")]
    expect({topic for alarm in found for topic in alarm["AlarmActions"]}, {"arn:aws:sns:eu-west-1:123456789012:piste-alarms"}, "topics of alarms")
    return alarms.check(aws)


def small(aws, outputs):
    """What only `small` has."""
    ecs, elb, rds = (aws.client(service) for service in ("ecs", "elbv2", "rds"))
    wanted = {f"piste-{name}-server" for name in ("collector", "enrich", "iglu", "s3-loader-bad", "s3-loader-enriched", "s3-loader-raw")} | {"piste-scaler"}
    arns = ecs.list_services(cluster="piste")["serviceArns"]
    services = {service["serviceName"]: service for service in ecs.describe_services(cluster="piste", services=arns)["services"]}
    expect(set(services), wanted, "services")
    expect(services["piste-collector-server"]["desiredCount"], 2, "collectors")
    schemes = {each["LoadBalancerName"]: each.get("Scheme", "internet-facing") for each in elb.describe_load_balancers()["LoadBalancers"]}
    expect(schemes, {"piste-collector-lb": "internet-facing", "piste-iglu-lb": "internal"}, "load balancers")
    for group in elb.describe_target_groups()["TargetGroups"]:
        found = [group["TargetType"], group["Port"], group["Matcher"]["HttpCode"], group["HealthCheckIntervalSeconds"]]
        expect(found, ["ip", 8080, "200", 10], group["TargetGroupName"])
    [database] = rds.describe_db_instances()["DBInstances"]
    found = [database[key] for key in ("MultiAZ", "StorageType", "StorageEncrypted", "DeletionProtection", "PubliclyAccessible")]
    expect(found, [True, "gp3", True, True, False], "the database")
    scaled = aws.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    limits = {target["ResourceId"].split("/")[-1]: (target["MinCapacity"], target["MaxCapacity"]) for target in scaled}
    expect(limits, {"piste-collector-server": (2, 6), "piste-iglu-server": (2, 3)}, "what scales")


def the_machine(aws):
    """The one that runs, and its start script."""
    ec2 = aws.client("ec2")
    servers = [server for each in ec2.describe_instances()["Reservations"] for server in each["Instances"]]
    [server] = [each for each in servers if each["State"]["Name"] == "running"]
    told = ec2.describe_instance_attribute(InstanceId=server["InstanceId"], Attribute="userData")["UserData"]["Value"]
    return server, base64.b64decode(told).decode()


def solo(aws, outputs):
    """What only `solo` has."""
    ec2 = aws.client("ec2")
    server, script = the_machine(aws)
    expect([server["InstanceType"], server["MetadataOptions"]["HttpTokens"]], ["t4g.small", "required"], "the machine")
    [address] = ec2.describe_addresses()["Addresses"]
    expect(outputs["collector_ips"], [address["PublicIp"]], "the fixed address")
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    [units] = re.findall(r"piste.target((?: piste@[a-z0-9-]+)+)", script)
    wanted = "collector enrich iglu-server s3-loader-bad s3-loader-enriched s3-loader-raw"
    expect(units.split(), [f"piste@{name}" for name in wanted.split()], "units of the machine")
    groups = {group["GroupName"]: group for group in ec2.describe_security_groups()["SecurityGroups"]}
    expect([rule["FromPort"] for rule in groups["piste-server"]["IpPermissions"]], [80], "open ports")


def no_secret_anywhere(aws, environment):
    """The values of all secrets stand in no plan, state, task definition, start script or parameter."""
    secrets, ecs, ssm = (aws.client(service) for service in ("secretsmanager", "ecs", "ssm"))
    values = {}
    for secret in secrets.list_secrets()["SecretList"]:
        value = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        values[secret["Name"]] = json.loads(value)["password"] if value.startswith("{") else value
    if "piste-iglu-super-api-key" not in values:
        raise SystemExit(f"the registry's key is not among {sorted(values)}")
    told = {"plan": environment.plan, "state": environment.state}
    for family in ecs.list_task_definition_families()["families"]:
        told[family] = json.dumps(ecs.describe_task_definition(taskDefinition=family)["taskDefinition"], default=str)
    for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=[{"Key": "Path", "Values": ["/"], "Option": "Recursive"}]):
        for parameter in page["Parameters"]:
            if not parameter["Name"].startswith("/aws/"):
                told[parameter["Name"]] = roles.plain(ssm.get_parameter(Name=parameter["Name"])["Parameter"]["Value"])
    for place, text in told.items():
        for name, value in values.items():
            if value in text:
                raise SystemExit(f"the value of the secret {name} stands in: {place}")
    return len(told)


def nothing_left(aws):
    found = [
        aws.client("kinesis").list_streams()["StreamNames"],
        aws.client("dynamodb").list_tables()["TableNames"],
        [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]],
        [balancer["LoadBalancerName"] for balancer in aws.client("elbv2").describe_load_balancers()["LoadBalancers"]],
        [server["DBInstanceIdentifier"] for server in aws.client("rds").describe_db_instances()["DBInstances"]],
        [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"] if role["RoleName"].startswith("piste")],
    ]
    expect(found, [[], [], [], [], [], []], "left after the end")


def no_executable():
    return not os.access(os.environ.get("PISTE", ""), os.X_OK)


def with_postgres(aws, environment, work):
    """Adds the loaders of Postgres to what runs, and has every role run."""
    lacking = "PISTE names no executable" if no_executable() else None if programs() else "no PostgreSQL is here"
    if lacking:
        return f"SKIPPED: roles were not run, {lacking}"
    environment.apply("-var=postgres_db_enabled=true")
    no_secret_anywhere(aws, environment)
    # A task definition is another version each time; all else stays.
    gone = [each["address"] for each in json.loads(environment.plan)["resource_changes"] if "delete" in each["change"]["actions"]]
    expect([address for address in gone if not address.endswith(".aws_ecs_task_definition.this")], [], "what adding a database takes away")
    found = roles.run(aws, work)
    aws.judge_no_more()
    return found


def main(name):
    with tempfile.TemporaryDirectory() as work, stand_in.Aws(work) as aws:
        environment = Environment(name, aws, work)
        from_here = time.monotonic()
        environment.init()
        environment.apply()
        seconds = round(time.monotonic() - from_here)
        outputs = environment.outputs()
        streams_tables_bucket(aws, outputs)
        {"small": small, "solo": solo}[name](aws, outputs)
        places = no_secret_anywhere(aws, environment)
        said = [told(aws), f"{len(json.loads(environment.state)['resources'])} resources", f"no secret in {places} places"]
        if name == "small":
            said.append(with_postgres(aws, environment, work))
        elif no_executable():
            said.append("SKIPPED: roles were not run, PISTE names no executable")
        else:
            said.append(machine.run(aws, outputs, the_machine(aws)[1], work))
            aws.judge_no_more()
        environment.destroy()
        nothing_left(aws)
    print(f"{name}: init and apply without input in {seconds} s, {', '.join(said)}, destroyed")


if __name__ == "__main__":
    main(sys.argv[1])
