"""moto as the AWS of these tests, with what it lacks for them (spec/deploy 8.2, 8.3).

    python server.py PORT

Without INITIAL_NO_AUTH_ACTION_COUNT every call is allowed. With it, and after `POST /moto-api/reset-auth` with 0, calls are
judged by the caller's policies and listed, one a line as `who action resource`, in the files that ALLOWED_CALLS and
DENIED_CALLS name.
"""

import base64
import copy
import json
import os
import sys
import threading
import uuid

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cloudwatch import responses as cloudwatch
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.iam import access_control
from moto.kinesis.models import Shard, Stream
from moto.kinesis.responses import KinesisResponse
from moto.rds import models as rds
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.ssm.responses import SimpleSystemManagerResponse
from werkzeug.exceptions import InternalServerError

# Tags of scaling targets.
TAGS = {}


def tag_resource(call):
    TAGS.setdefault(call._get_param("ResourceARN"), {}).update(call._get_param("Tags"))
    return "{}"


def list_tags(call):
    return json.dumps({"Tags": TAGS.get(call._get_param("ResourceARN"), {})})


ApplicationAutoScalingResponse.tag_resource = tag_resource
ApplicationAutoScalingResponse.list_tags_for_resource = list_tags


# Composite alarms: the backend knows rules, the front does not.
def put_composite_alarm(call):
    get = call._get_param
    absent = """namespace metric_name metric_data_queries comparison_operator datapoints_to_alarm period threshold statistic
        extended_statistic unit treat_missing_data evaluate_low_sample_count_percentile threshold_metric_id"""
    call.cloudwatch_backend.put_metric_alarm(
        name=get("AlarmName"),
        description=get("AlarmDescription"),
        rule=get("AlarmRule"),
        tags=get("Tags", []),
        alarm_actions=get("AlarmActions", []),
        ok_actions=get("OKActions", []),
        insufficient_data_actions=[],
        dimensions=[],
        evaluation_periods=1,
        actions_enabled=True,
        **dict.fromkeys(absent.split()),
    )
    return cloudwatch.EmptyResult()


cloudwatch.CloudWatchResponse.put_composite_alarm = put_composite_alarm

# Each database server has an id of its own.
made = rds.DBInstance.__init__


def make(self, *arguments, **named):
    made(self, *arguments, **named)
    self.dbi_resource_id = "db-" + uuid.uuid4().hex[:26].upper()


rds.DBInstance.__init__ = make


# The secret that RDS makes for a server names its user.
def secret_of_server(self):
    return json.dumps({"username": self.resource.master_username, "password": "Pa'ss" + uuid.uuid4().hex})


rds.MasterUserSecret._generate_secret_string = secret_of_server

# A table that is billed by request has no capacity.
updated = DynamoDBBackend.update_table


def update_table(self, *arguments, **named):
    table = updated(self, *arguments, **named)
    if table.billing_mode == "PAY_PER_REQUEST":
        table.throughput = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    return table


DynamoDBBackend.update_table = update_table


# A shard that was split or merged takes no more records.
chosen = Stream.get_shard_for_key


def get_shard_for_key(self, *arguments):
    taking = copy.copy(self)
    taking.shards = {name: shard for name, shard in list(self.shards.items()) if shard.is_open}
    return chosen(taking, *arguments)


Stream.get_shard_for_key = get_shard_for_key

# Without it two records that are put at the same time get the same number, and one of them is gone.
put, alone = Shard.put_record, threading.Lock()


def put_record(self, *arguments, **named):
    with alone:
        return put(self, *arguments, **named)


Shard.put_record = put_record


# A shard that was split or merged ends, and its last answer names what goes on.
read = KinesisResponse.get_records


def get_records(call):
    answer = read(call)
    name, shard_id, _ = base64.b64decode(call._get_param("ShardIterator")).decode().split(":")
    shards = call.kinesis_backend.describe_stream(stream_arn=None, stream_name=name).shards
    if not shards[shard_id].is_open and not answer.result["Records"]:
        children = [shard for shard in shards.values() if shard_id in (shard.parent, shard.adjacent_parent)]
        answer.result["NextShardIterator"] = None
        answer.result["ChildShards"] = [
            {
                "ShardId": child.shard_id,
                "ParentShards": [parent for parent in (child.parent, child.adjacent_parent) if parent],
                "HashKeyRange": child.to_json()["HashKeyRange"],
            }
            for child in children
        ]
    return answer


KinesisResponse.get_records = get_records


# The answer to one write of a lease in twenty is lost: its writer has to look what became of it.
written = DynamoHandler.update_item
writes = {}


def update_item(call):
    answer = written(call)
    table = call._get_param("TableName")
    writes[table] = writes.get(table, 0) + 1
    if writes[table] % 20 == 3:
        raise InternalServerError
    return answer


DynamoHandler.update_item = update_item


# What a call is about, for policies with an ARN in them.
def stream_of(call):
    arn, name, iterator = (call._get_param(key) for key in ("StreamARN", "StreamName", "ShardIterator"))
    if iterator:
        name = base64.b64decode(iterator).decode().split(":")[0]
    return arn or (f"arn:aws:kinesis:{call.region}:{call.current_account}:stream/{name}" if name else "*")


def table_of(call):
    name = call._get_param("TableName")
    return f"arn:aws:dynamodb:{call.region}:{call.current_account}:table/{name}" if name else "*"


def parameter_of(call):
    names = call._get_param("Names") or [call._get_param("Name")]
    arns = {f"arn:aws:ssm:{call.region}:{call.current_account}:parameter{name}" for name in names if name}
    return arns.pop() if len(arns) == 1 else "*"


def secret_of(call):
    return call._get_param("SecretId") or "*"


def service_of(call):
    name = call._get_param("service") or (call._get_param("services") or [None])[0]
    return f"arn:aws:ecs:{call.region}:{call.current_account}:service/{call._get_param('cluster')}/{name}" if name else "*"


EC2ContainerServiceResponse._determine_resource = service_of
KinesisResponse._determine_resource = stream_of
DynamoHandler._determine_resource = table_of
SimpleSystemManagerResponse._determine_resource = parameter_of
SecretsManagerResponse._determine_resource = secret_of

# Which calls were allowed to whom, and which were not.
checked = access_control.IAMRequestBase.check_action_permitted


def check_action_permitted(self, resource):
    who = getattr(getattr(self, "_access_key", None), "arn", "?")
    # Calls to CloudWatch are signed for another name than its rights have.
    self._action = self._action.replace("monitoring:", "cloudwatch:")

    def note(file):
        if os.environ.get(file):
            with open(os.environ[file], "a") as calls:
                calls.write(f"{who} {self._action} {resource}\n")

    try:
        checked(self, resource)
    except Exception:
        note("DENIED_CALLS")
        if "x-amz-json" in self._headers.get("Content-Type", ""):
            raise JsonRESTError("AccessDeniedException", f"{who} is not authorized to perform: {self._action}") from None
        raise
    note("ALLOWED_CALLS")


access_control.IAMRequestBase.check_action_permitted = check_action_permitted

if __name__ == "__main__":
    from moto.server import main

    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
