"""Reads enriched lines on stdin with the Analytics SDK and prints them as JSON, one a line."""

import json
import sys

from snowplow_analytics_sdk.event_transformer import transform

for line in sys.stdin.buffer:
    print(json.dumps(transform(line.decode("utf-8").rstrip("\n"))))
