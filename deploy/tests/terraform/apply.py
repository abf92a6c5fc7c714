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

import aws as stand_in
import roles
from environment import Environment


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


def alarms(aws, least):
    """Alarms all go to one topic, and the dashboard is there."""
    cloudwatch = aws.client("cloudwatch")
    found = cloudwatch.describe_alarms()
    topics = {topic for alarm in found["MetricAlarms"] if "-lag-" not in alarm["AlarmName"] for topic in alarm["AlarmActions"]}
    expect({topic for topic in topics if ":sns:" in topic}, {"arn:aws:sns:eu-west-1:123456789012:piste-alarms"}, "topics of alarms")
    count = len(found["MetricAlarms"])
    if count < least:
        raise SystemExit(f"{count} alarms, at least {least} were wanted")
    body = json.loads(cloudwatch.get_dashboard(DashboardName="piste")["DashboardBody"])
    if len(body["widgets"]) < 5:
        raise SystemExit("the dashboard is nearly empty")


def small(aws, outputs):
    """What only `small` has."""
    ecs, elb, rds = (aws.client(service) for service in ("ecs", "elbv2", "rds"))
    wanted = {f"piste-{name}-server" for name in ("collector", "enrich", "iglu", "s3-loader-bad", "s3-loader-enriched", "s3-loader-raw")}
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
    expect(limits, {"piste-collector-server": (2, 6), "piste-iglu-server": (2, 4)}, "what scales")
    alarms(aws, 30)


def solo(aws, outputs):
    """What only `solo` has."""
    ec2 = aws.client("ec2")
    machines = [machine for each in ec2.describe_instances()["Reservations"] for machine in each["Instances"]]
    [machine] = [each for each in machines if each["State"]["Name"] == "running"]
    expect([machine["InstanceType"], machine["MetadataOptions"]["HttpTokens"]], ["t4g.small", "required"], "the machine")
    [address] = ec2.describe_addresses()["Addresses"]
    expect(outputs["collector_ips"], [address["PublicIp"]], "the fixed address")
    told = ec2.describe_instance_attribute(InstanceId=machine["InstanceId"], Attribute="userData")["UserData"]["Value"]
    script = base64.b64decode(told)
    subprocess.run(["bash", "-n"], input=script, check=True)
    [units] = re.findall(r"piste.target((?: piste@[a-z0-9-]+)+)", script.decode())
    wanted = "collector enrich iglu-server s3-loader-bad s3-loader-enriched s3-loader-raw"
    expect(units.split(), [f"piste@{name}" for name in wanted.split()], "units of the machine")
    groups = {group["GroupName"]: group for group in ec2.describe_security_groups()["SecurityGroups"]}
    expect([rule["FromPort"] for rule in groups["piste-server"]["IpPermissions"]], [80], "open ports")
    alarms(aws, 15)


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


def main(name):
    with tempfile.TemporaryDirectory() as work, stand_in.Aws(work) as aws:
        environment = Environment(name, aws, work)
        environment.init()
        environment.apply()
        outputs = environment.outputs()
        streams_tables_bucket(aws, outputs)
        {"small": small, "solo": solo}[name](aws, outputs)
        places = no_secret_anywhere(aws, environment)
        said = [f"{len(json.loads(environment.state)['resources'])} resources", f"no secret in {places} places"]
        if name == "small":
            said.append(roles.run(aws, work) if os.access(os.environ.get("PISTE", ""), os.X_OK) else "roles not run: PISTE names no executable")
            aws.judge_no_more()
        environment.destroy()
        nothing_left(aws)
    print(f"{name}: applied without input, {', '.join(said)}, destroyed")


if __name__ == "__main__":
    main(sys.argv[1])
