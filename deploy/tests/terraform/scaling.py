"""A rush of events, and what `piste scaler` does about it."""

from datetime import datetime, timedelta, timezone

from events import until

RAW, ENRICH = "piste-raw-stream", {"cluster": "piste", "service": "piste-enrich-server"}


def rush(aws):
    """A quarter of an hour in which more comes in than shards take, and is read late; streams and services as before it."""
    now, kinesis = datetime.now(timezone.utc), aws.client("kinesis")
    metrics = {"IncomingBytes": 1e12, "GetRecords.IteratorAgeMilliseconds": 400_000}
    dimensions = [{"Name": "StreamName", "Value": RAW}]
    aws.client("cloudwatch").put_metric_data(
        Namespace="AWS/Kinesis",
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Timestamp": now + timedelta(minutes=minute), "Value": value}
            for name, value in metrics.items()
            for minute in range(-10, 6)
        ],
    )
    aws.client("ecs").update_service(**ENRICH, desiredCount=1)
    if kinesis.describe_stream_summary(StreamName=RAW)["StreamDescriptionSummary"]["OpenShardCount"] > 2:
        kinesis.update_shard_count(StreamName=RAW, TargetShardCount=2, ScalingType="UNIFORM_SCALING")


def scaled(aws, scaler):
    """A stream that is full gets shards, and its readers tasks."""
    ecs, kinesis = aws.client("ecs"), aws.client("kinesis")
    rush(aws)
    scaler.start()
    try:
        until("more shards", lambda: kinesis.describe_stream_summary(StreamName=RAW)["StreamDescriptionSummary"]["OpenShardCount"] >= 4)
        until("more tasks", lambda: ecs.describe_services(cluster="piste", services=[ENRICH["service"]])["services"][0]["desiredCount"] > 1)
    except SystemExit as error:
        raise SystemExit(f"{error}\n{scaler.said()}") from None
    finally:
        scaler.process.kill()
        scaler.process.wait()


def spared(rights):
    """Streams and services that need no change are only looked at."""
    return {
        (action, resource)
        for action, resource in rights
        if (action == "kinesis:UpdateShardCount" and RAW not in resource) or (action == "ecs:UpdateService" and ENRICH["service"] not in resource)
    }
