#!/usr/bin/env python3
"""Writes what the executable is made of: a CycloneDX list (sbom.cdx.json) and the licences (licences.txt).

sbom.py FOLDER [TARGET]: reads Cargo.lock through `cargo metadata` for the target (default x86_64-unknown-linux-musl), leaving
out what only builds and tests need. The same lock file gives the same bytes.
"""

import json
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


def metadata(target):
    """The graph of packages of a target."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)


def linked(graph):
    """Ids of what ends in the executable: everything that `piste` reaches without dev and build dependencies."""
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    waiting, reached = [graph["resolve"]["root"]], set()
    while waiting:
        package = waiting.pop()
        if package not in reached:
            reached.add(package)
            for dependency in nodes[package]["deps"]:
                if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                    waiting.append(dependency["pkg"])
    return reached


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package):
    """A package, as CycloneDX has it."""
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package.get("license"):
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return found


def main():
    folder = pathlib.Path(sys.argv[1])
    target = sys.argv[2] if len(sys.argv) > 2 else "x86_64-unknown-linux-musl"
    graph = metadata(target)
    ids = linked(graph)
    packages = sorted((p for p in graph["packages"] if p["id"] in ids), key=lambda p: (p["name"], p["version"]))
    root = next(p for p in packages if p["id"] == graph["resolve"]["root"])
    others = [p for p in packages if p is not root]
    by_id = {p["id"]: purl(p) for p in packages}
    depends = [
        {"ref": by_id[node["id"]], "dependsOn": sorted(by_id[d["pkg"]] for d in node["deps"] if d["pkg"] in ids)}
        for node in graph["resolve"]["nodes"]
        if node["id"] in ids
    ]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(root), "type": "application"}},
        "components": [component(package) for package in others],
        "dependencies": sorted(depends, key=lambda each: each["ref"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sbom.cdx.json").write_text(json.dumps(bom, indent=1) + "\n")
    lines = [f"{p['name']} {p['version']}: {p.get('license') or 'see ' + str(p.get('license_file'))}\n" for p in packages]
    (folder / "licences.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
