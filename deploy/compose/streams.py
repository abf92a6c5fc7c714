"""Kinesis, DynamoDB and S3 in memory, with the streams and the bucket of a pipeline: for trials and tests.

The environment says which: STREAMS (names, apart by blanks), BUCKET (s3://name/...), PORT (5000 without), ADDRESS (all without).
With --check it ends with 0 when they are there.
"""

import os
import signal
import sys
import threading
import urllib.parse

import boto3
from botocore.config import Config

PORT = os.environ.get("PORT", "5000")


def client(service):
    """A client of the stand-in, whose keys mean nothing."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{PORT}",
        region_name=os.environ.get("AWS_DEFAULT_REGION", "eu-central-1"),
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
    )


def names():
    """The streams and the bucket."""
    bucket = urllib.parse.urlsplit(os.environ.get("BUCKET", "s3://piste")).netloc
    return os.environ["STREAMS"].split(), bucket


def make():
    """Makes what is not there."""
    streams, bucket = names()
    kinesis = client("kinesis")
    there = set(kinesis.list_streams()["StreamNames"])
    for name in streams:
        if name not in there:
            kinesis.create_stream(StreamName=name, ShardCount=1)
    s3, region = client("s3"), os.environ.get("AWS_DEFAULT_REGION", "eu-central-1")
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **place)


def one_at_a_time():
    """Without it two records that are put at the same time get the same number, and one of them is gone."""
    put, lock = Shard.put_record, threading.Lock()

    def alone(*arguments, **named):
        with lock:
            return put(*arguments, **named)

    Shard.put_record = alone


def check():
    """Fails unless all is there."""
    streams, bucket = names()
    kinesis = client("kinesis")
    for name in streams:
        kinesis.describe_stream_summary(StreamName=name)
    client("s3").head_bucket(Bucket=bucket)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        # Whatever name it is called by, buckets are in the path.
        os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
        from moto.kinesis.models import Shard
        from moto.server import ThreadedMotoServer

        one_at_a_time()
        server = ThreadedMotoServer(ip_address=os.environ.get("ADDRESS", "0.0.0.0"), port=int(PORT), verbose=False)
        server.start()
        make()
        signal.pause()
