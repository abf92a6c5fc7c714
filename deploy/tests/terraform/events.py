"""What is sent to a pipeline that is tried, and waiting for what becomes of it."""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = int(os.environ.get("PATIENCE", "90"))


def until(what, true):
    """Asks again until it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.2)
    raise SystemExit(f"waited for nothing: {what}")


def send(port, method, path, body=None, key=None):
    headers = {"Content-Type": "application/json; charset=utf-8"} | ({"apikey": key} if key else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


CLICK = {
    "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
    "self": {"vendor": "com.acme", "name": "click", "format": "jsonschema", "version": "1-0-0"},
    "type": "object",
    "properties": {"target": {"type": "string", "maxLength": 20}},
    "required": ["target"],
    "additionalProperties": False,
}


def publish(registry):
    """Puts a schema into the registry, with the key that nobody saw."""
    until("the registry answers", lambda: send(registry.port, "GET", "/api/meta/health/db") == 200)
    key = registry.env["IGLU_SUPER_API_KEY"]
    schema, body = "/api/schemas/com.acme/click/jsonschema/1-0-0", json.dumps(CLICK).encode()
    answers = [send(registry.port, "PUT", schema, body), send(registry.port, "PUT", schema, body, key)]
    if answers != [403, 201]:
        raise SystemExit(f"the registry answered {answers}:\n{registry.said()}")


def events(collector):
    """A page view; an event of one's own; a request that no adapter reads; a payload that is too large."""
    until("the collector answers", lambda: send(collector.port, "GET", "/health") == 200)
    data = {"schema": "iglu:com.acme/click/jsonschema/1-0-0", "data": {"target": "buy"}}
    unstructured = json.dumps({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": data})
    answers = [
        send(collector.port, "GET", "/i?e=pv&p=web&tv=test&aid=rehearsal&url=http%3A%2F%2Facme.com%2F"),
        send(collector.port, "GET", "/i?e=ue&p=web&tv=test&aid=rehearsal&ue_pr=" + urllib.parse.quote(unstructured)),
        send(collector.port, "GET", "/com.acme/v9?a=b"),
        send(collector.port, "POST", "/com.snowplowanalytics.snowplow/tp2", b'{"schema":"' + b"x" * 1_200_000 + b'"}'),
    ]
    if answers != [200] * len(answers):
        raise SystemExit(f"the collector answered {answers}:\n{collector.said()}")


def unloadable(kinesis):
    """What the loaders cannot load."""
    kinesis.put_record(StreamName="piste-enriched-stream", PartitionKey="1", Data=b"\x1f\x8bno gzip")
    kinesis.put_record(StreamName="piste-bad-1-stream", PartitionKey="1", Data=b"no bad row")


def few(collector):
    """Some more, for every shard of a stream that was split."""
    for _ in range(4):
        send(collector.port, "GET", "/i?e=pv&p=web&tv=test&aid=rehearsal")
        send(collector.port, "GET", "/com.acme/v9?a=b")
