"""Reads enriched lines on stdin with the Analytics SDK and prints them as JSON, one a line."""

import json
import math
import sys

from snowplow_analytics_sdk.event_transformer import transform


def printable(value):
    """Python reads 1e400 as infinity, for which JSON has no number."""
    if isinstance(value, dict):
        return {key: printable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [printable(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


for line in sys.stdin.buffer:
    print(json.dumps(printable(transform(line.decode("utf-8").rstrip("\n")))))
