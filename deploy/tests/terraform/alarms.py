"""The alarms of an applied environment, judged as CloudWatch does while nothing is wrong and through one trouble after the other:
each trouble sets off the alarms that are meant for it, and no others; no alarm is without a trouble.

Besides, every metric that an alarm or the dashboard names is one that AWS publishes, with the dimensions that it has, or one that is
counted in the logs.
"""

import json
import operator
import re

# Namespace -> metrics that alarms and dashboards may name, and their dimensions.
KNOWN = {
    "AWS/Kinesis": ("IncomingRecords IncomingBytes GetRecords.IteratorAgeMilliseconds WriteProvisionedThroughputExceeded", ["StreamName"]),
    "AWS/DynamoDB": ("WriteThrottleEvents ConsumedWriteCapacityUnits", ["TableName"]),
    "AWS/ECS": ("CPUUtilization MemoryUtilization", ["ClusterName", "ServiceName"]),
    "ECS/ContainerInsights": ("RunningTaskCount", ["ClusterName", "ServiceName"]),
    "AWS/EC2": ("CPUUtilization StatusCheckFailed", ["InstanceId"]),
    "AWS/RDS": ("CPUUtilization FreeStorageSpace DatabaseConnections", ["DBInstanceIdentifier"]),
    "AWS/CertificateManager": ("DaysToExpiry", ["CertificateArn"]),
    "AWS/ApplicationELB": ("RequestCount TargetResponseTime HTTPCode_Target_5XX_Count HTTPCode_ELB_5XX_Count HealthyHostCount UnHealthyHostCount", ["LoadBalancer"]),
    "piste/piste": ("errors", []),
}

# A quiet day: what a minute has, of every server, stream and balancer. What is not here has no data.
CALM = {
    "IncomingRecords": 6000,
    "IncomingBytes": 8e6,
    "GetRecords.IteratorAgeMilliseconds": 200,
    "WriteProvisionedThroughputExceeded": 0,
    "RunningTaskCount": 2,
    "CPUUtilization": 20,
    "StatusCheckFailed": 0,
    "FreeStorageSpace": 1.5e10,
    "DatabaseConnections": 10,
    "RequestCount": 3000,
    "TargetResponseTime": 0.01,
    "HealthyHostCount": 2,
    "UnHealthyHostCount": 0,
}
CALM_STREAMS = {"bad-1": 30, "bad-2": None, "failed": None}

# Trouble -> what is different: (metric, part of a dimension's value) -> its value, or None for no data; and the alarms it sets off,
# `*` standing for what differs between environments.
TROUBLES = {
    "raw is full": ({("WriteProvisionedThroughputExceeded", "raw"): 5, ("IncomingBytes", "raw"): 6e7}, ["raw-throttled", "raw-full"]),
    "enriched is full": ({("WriteProvisionedThroughputExceeded", "enriched"): 5, ("IncomingBytes", "enriched"): 6e7}, ["enriched-throttled", "enriched-full"]),
    "bad-1 is full": (
        {("WriteProvisionedThroughputExceeded", "bad-1"): 5, ("IncomingBytes", "bad-1"): 6e7, ("IncomingRecords", "bad-1"): 5000},
        ["bad-1-throttled", "bad-1-full", "bad-rows"],
    ),
    "bad-2 is full": (
        {("WriteProvisionedThroughputExceeded", "bad-2"): 5, ("IncomingBytes", "bad-2"): 6e7, ("IncomingRecords", "bad-2"): 1},
        ["bad-2-throttled", "bad-2-full", "bad-2-any"],
    ),
    "a loader is slow": ({("GetRecords.IteratorAgeMilliseconds", "enriched"): 400_000}, ["enriched-behind"]),
    "a loader has stood since Friday": ({("GetRecords.IteratorAgeMilliseconds", "enriched"): 84 * 3_600_000 + 1}, ["enriched-behind", "enriched-half-lost", "!"]),
    "nobody reads raw": (
        {("GetRecords.IteratorAgeMilliseconds", "raw"): 84 * 3_600_000 + 1, ("IncomingRecords", "enriched"): None, ("IncomingRecords", "bad-1"): None},
        ["raw-behind", "raw-half-lost", "conservation", "!"],
    ),
    "nobody reads bad rows": (
        {("GetRecords.IteratorAgeMilliseconds", "bad-1"): 84 * 3_600_000 + 1, ("GetRecords.IteratorAgeMilliseconds", "bad-2"): 84 * 3_600_000 + 1},
        ["bad-1-behind", "bad-1-half-lost", "bad-2-behind", "bad-2-half-lost", "!"],
    ),
    "every fiftieth event is lost": ({("IncomingRecords", "enriched"): 5850}, ["conservation"]),
    "all events are bad": ({("IncomingRecords", "enriched"): None, ("IncomingRecords", "bad-1"): 6000}, ["bad-rows"]),
    "a table throttles": ({("WriteThrottleEvents", "server"): 1}, ["piste-*-server-throttled"]),
    "a role logs errors": ({("errors", ""): 1}, ["errors"]),
    "a collector is ill": ({("UnHealthyHostCount", "piste-collector-lb"): 1}, ["collector-unhealthy-hosts"]),
    "all collectors are gone": (
        {("HealthyHostCount", "piste-collector-lb"): None, ("HTTPCode_ELB_5XX_Count", "piste-collector-lb"): 3000, ("RunningTaskCount", "collector"): None},
        ["collector-no-hosts", "collector-errors", "collector-tasks", "!"],
    ),
    "one in five hundred gets an error": ({("HTTPCode_Target_5XX_Count", "piste-collector-lb"): 6}, ["collector-errors"]),
    "the collector is slow": ({("TargetResponseTime", "piste-collector-lb"): 2}, ["collector-slow"]),
    "nobody sends": ({("RequestCount", "piste-collector-lb"): None}, ["collector-no-requests"]),
    "the registry is ill": (
        {
            ("UnHealthyHostCount", "piste-iglu-lb"): 2,
            ("HealthyHostCount", "piste-iglu-lb"): 0,
            ("HTTPCode_Target_5XX_Count", "piste-iglu-lb"): 100,
            ("TargetResponseTime", "piste-iglu-lb"): 5,
        },
        ["iglu-unhealthy-hosts", "iglu-no-hosts", "iglu-errors", "iglu-slow", "!"],
    ),
    "the certificate ends soon": ({("DaysToExpiry", ""): 10}, ["*-certificate"]),
    "tasks do not come up": ({("RunningTaskCount", "server"): 0, ("RunningTaskCount", "scaler"): 0}, ["*-tasks"]),
    "the machine is gone": ({("StatusCheckFailed", "i-"): None}, ["server-broken", "!"]),
    "the machine is busy": ({("CPUUtilization", "i-"): 99}, ["server-busy"]),
    "the database is busy": ({("CPUUtilization", "rds"): 99, ("DatabaseConnections", "rds"): 70}, ["iglu-database-busy", "iglu-database-crowded"]),
    "the database is full": ({("FreeStorageSpace", "rds"): 1e9}, ["iglu-database-full", "!"]),
}

COMPARED = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def minute(metric, dimensions, trouble):
    """What a minute of a metric has; `None` without data. The last part of a name decides: a stream, a table, a balancer."""
    values = [each["Value"] for each in dimensions] or [""]
    for (name, part), value in trouble.items():
        if name == metric and any(re.search(rf"(^|[-/]){part}", each) for each in values):
            return value
    if metric == "IncomingRecords":
        for stream, value in CALM_STREAMS.items():
            if any(f"-{stream}-" in each for each in values):
                return value
    return CALM.get(metric)


def value(metric, dimensions, statistic, period, trouble):
    found = minute(metric, dimensions, trouble)
    return found if found is None or statistic != "Sum" else found * period / 60


def computed(queries, trouble):
    """The one expression, of the sums that it names; `None` where one that is not filled has no data."""
    [expression] = [each["Expression"] for each in queries if each.get("Expression")]
    names = {}
    for each in queries:
        if "MetricStat" in each:
            stat = each["MetricStat"]
            names[each["Id"]] = value(stat["Metric"]["MetricName"], stat["Metric"].get("Dimensions", []), stat["Stat"], stat["Period"], trouble)
    names["FILL"] = lambda found, otherwise: otherwise if found is None else found
    try:
        return eval(expression, {"__builtins__": {}}, names)
    except (TypeError, ZeroDivisionError):
        return None


def rings(alarm, trouble):
    """Whether it is in alarm while the trouble lasts."""
    if alarm.get("MetricName"):
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        found = value(alarm["MetricName"], alarm["Dimensions"], statistic, alarm["Period"], trouble)
    else:
        found = computed(alarm["Metrics"], trouble)
    if found is None:
        return alarm["TreatMissingData"] == "breaching"
    return COMPARED[alarm["ComparisonOperator"]](found, alarm["Threshold"])


def named(found, widgets):
    """(namespace, metric, names of dimensions) of all that alarms and the dashboard name."""
    for alarm in found["MetricAlarms"]:
        if alarm.get("MetricName"):
            yield alarm["Namespace"], alarm["MetricName"], [each["Name"] for each in alarm["Dimensions"]]
        for query in alarm.get("Metrics", []):
            if "MetricStat" in query:
                metric = query["MetricStat"]["Metric"]
                yield metric["Namespace"], metric["MetricName"], [each["Name"] for each in metric.get("Dimensions", [])]
    for widget in widgets:
        for line in widget["properties"]["metrics"]:
            words = [word for word in line if isinstance(word, str)]
            yield words[0], words[1], words[2::2]


def check(aws):
    """Ends the test where an alarm is wrong; says what was seen."""
    cloudwatch = aws.client("cloudwatch")
    pages = list(cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"]))
    every = {kind: [alarm for page in pages for alarm in page.get(kind, [])] for kind in ("MetricAlarms", "CompositeAlarms")}
    # Those that AWS makes for itself, to follow a target, are its own.
    found = {kind: [alarm for alarm in alarms if alarm["AlarmName"].startswith("piste-")] for kind, alarms in every.items()}
    widgets = json.loads(cloudwatch.get_dashboard(DashboardName="piste")["DashboardBody"])["widgets"]
    for namespace, metric, dimensions in named(found, widgets):
        metrics, allowed = KNOWN.get(namespace, ("", []))
        if metric not in metrics.split() or set(dimensions) - {*allowed, "TargetGroup"} or not set(allowed) <= set(dimensions):
            raise SystemExit(f"there is no metric {namespace} {metric} of {dimensions}")

    alarms = {each["AlarmName"].removeprefix("piste-"): each for each in found["MetricAlarms"] if not each.get("AlarmRule")}
    [whole] = [each for each in found["MetricAlarms"] + found["CompositeAlarms"] if each.get("AlarmRule")]
    critical = set(re.findall(r'ALARM\("piste-([^"]+)"\)', whole["AlarmRule"]))
    tried = set()
    for trouble, (different, wanted) in {"nothing": ({}, []), **TROUBLES}.items():
        ringing = {name for name, alarm in alarms.items() if rings(alarm, different)}
        patterns = [re.compile(re.escape(each.removeprefix("piste-")).replace(r"\*", ".*") + "$") for each in wanted if each != "!"]
        expected = {name for name in alarms if any(pattern.match(name) for pattern in patterns)}
        if ringing != expected:
            raise SystemExit(f"{trouble}: alarms {sorted(ringing)}, not {sorted(expected)}")
        if bool(ringing & critical) != ("!" in wanted and bool(expected)):
            raise SystemExit(f"{trouble}: somebody is woken for {sorted(ringing & critical)}")
        tried |= ringing
    if tried != set(alarms):
        raise SystemExit(f"no trouble sets off {sorted(set(alarms) - tried)}")
    return f"{len(alarms)} alarms through {len(TROUBLES)} troubles"
