#!/usr/bin/env python3
"""Makes the board for Grafana of the panels: board.py <panels.json >grafana.json"""

import json
import sys

WIDTH, HEIGHT = 6, 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


def panel(number, described, x, y):
    """One diagram."""
    targets = [
        {"refId": chr(ord("A") + i), "expr": query, "legendFormat": legend, "datasource": SOURCE}
        for i, (legend, query) in enumerate(described["queries"].items())
    ]
    return {
        "id": number,
        "type": "timeseries",
        "title": described["title"],
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": described["unit"], "min": 0}, "overrides": []},
        "targets": targets,
    }


def board(described):
    """All of it, row by row."""
    panels, y, number = [], 0, 0
    for row in described["rows"]:
        number += 1
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        panels.append({"id": number, "type": "row", "title": row["title"], "gridPos": place, "collapsed": False, "panels": []})
        for i, each in enumerate(row["panels"]):
            number += 1
            panels.append(panel(number, each, i % 4 * WIDTH, y + 1 + i // 4 * HEIGHT))
        y += 1 + (len(row["panels"]) + 3) // 4 * HEIGHT
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return {
        "uid": "piste",
        "title": described["title"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": panels,
    }


if __name__ == "__main__":
    print(json.dumps(board(json.load(sys.stdin)), indent=1))
