"""metric_names.py FILE...: fails unless every metric and label that the files name is in the list on standard input."""

import json
import re
import sys

known = {each["name"]: each for each in map(json.loads, sys.stdin)}
SUFFIXES = ("_bucket", "_sum", "_count")
# What Prometheus itself adds.
EVERYWHERE = {"le", "instance", "job"}
problems, seen = [], set()


def definition(name):
    """The metric, also where one series of a histogram is named."""
    for suffix in SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and known.get(base, {}).get("type") == "histogram":
            return known[base]
    found = known.get(name)
    return None if found and found["type"] == "histogram" else found


for file in sys.argv[1:]:
    text = open(file, encoding="utf-8").read().replace('\\"', '"')
    for match in re.finditer(r"\b(piste_[a-z0-9_]+)(\{[^}]*\})?", text):
        name, selector = match.groups()
        metric = definition(name)
        if metric is None:
            problems.append(f"{file}: {name} is no metric")
            continue
        seen.add(metric["name"])
        labels = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"", selector or ""))
        for label in labels - set(metric["labels"]) - EVERYWHERE:
            problems.append(f"{file}: {name} has no label {label}")
assert seen, "no file names a metric"
print(f"{len(seen)} of {len(known)} metrics are named")
sys.exit("\n".join(problems) or 0)
