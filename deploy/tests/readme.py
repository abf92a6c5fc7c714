"""readme.py PAGE...: fails unless every command of the pages is one that can be run as it stands there.

Commands are lines of blocks marked sh or text, and those in backquotes that begin with the name of a program below. Options of piste and
of scripts must be in their help, variables in Terraform's files, addresses of `-replace` among its resources, units in
deploy/systemd, files where they are said to be.
"""

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

PISTE = os.environ["PISTE"]
TERRAFORM = "".join(file.read_text() for file in Path("deploy/terraform").glob("*/**/*.tf"))


@cache
def helped(*words):
    done = subprocess.run([*words, "--help"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else None


def piste(words):
    """Subcommands first, then options, each in the help of the deepest subcommand."""
    found = [PISTE]
    while words and re.fullmatch(r"[a-z][a-z0-9-]*", words[0]) and (deeper := helped(*found, words[0])):
        found.append(words.pop(0))
        del deeper
    said = helped(*found)
    if len(found) == 1 and words and not words[0].startswith("-"):
        yield f"piste has no command {words[0]}"
    for word in words:
        option = word.split("=")[0]
        if option.startswith("--") and not re.search(rf"{option}\b", said or ""):
            yield f"{' '.join(found[1:])} has no option {option}"
        if re.fullmatch(r"-[A-Za-z]", option) and not re.search(rf"(^|\s){option}\b", said or ""):
            yield f"{' '.join(found[1:])} has no option {option}"


def terraform(words):
    for before, word in zip(["", *words], words):
        given = word if before == "-var" else word.removeprefix("-var=") if word.startswith("-var=") else None
        if given and f'variable "{given.split("=")[0]}" {{' not in TERRAFORM:
            yield f"there is no variable {given}"
        if word.startswith("-replace="):
            module, kind, name = re.fullmatch(r"-replace=module\.(\w+).*\.(aws_\w+)\.(\w+)", word).groups()
            if f'module "{module}" {{' not in TERRAFORM or f'resource "{kind}" "{name}" {{' not in TERRAFORM:
                yield f"there is no {word}"


def systemctl(words):
    for word in words:
        if (unit := word.removesuffix(".service")).startswith("piste@") and not Path(f"deploy/config/{unit[6:]}.hocon").exists():
            yield f"no package has {word}"


def script(name, words):
    path = Path(name)
    if not path.exists() or not os.access(path, os.X_OK):
        yield f"there is no {name}"
        return
    if name == "deploy/tests/all.sh":
        for word in words:
            if word not in ("quick", "slow", "all") and not Path(f"deploy/tests/{word}.sh").exists():
                yield f"there is no check {word}"
        return
    for word in words:
        if word.startswith("-") and word.split("=")[0] not in path.read_text():
            yield f"{name} has no option {word}"


def files(words):
    for word in words:
        if word.startswith("deploy/") and not Path(word.split(":")[0]).exists():
            yield f"there is no {word}"


def wrong(command):
    """What is wrong with a command, if anything; `None` where it is none of ours."""
    words = shlex.split(command, comments=True)
    name = words.pop(0) if words else ""
    if name in ("target/release/piste", "./piste"):
        name = "piste"
    if name == "piste":
        return list(piste(words))
    if name == "terraform":
        return list(terraform(words))
    if name == "systemctl":
        return list(systemctl(words))
    if name.startswith("deploy/") or name == "./test":
        return list(script(name, words))
    if name == "cd":
        return [] if Path(words[0]).is_dir() else [f"there is no {words[0]}"]
    if name in ("docker", "cargo", "dpkg", "rpm", "apt", "curl"):
        return list(files(words))
    return None


def commands(text):
    """(command, whether it must be one we know)"""
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        if kind in ("sh", "text", "bash", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip() and not line.lstrip().startswith("#"):
                    yield line.strip().removeprefix("$ "), kind != "text"
    for quoted in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)):
        yield quoted, False


count, problems = 0, []
for page in sys.argv[1:]:
    text = Path(page).read_text(encoding="utf-8")
    for command, ours in commands(text):
        try:
            found = wrong(command)
        except ValueError:
            found = None
        if found is None and ours:
            found = ["nobody knows how to try it"]
        if found is not None:
            count += 1
            problems += [f"{page}: `{command}`: {each}" for each in found]
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        if not Path(page).parent.joinpath(target).exists():
            problems.append(f"{page}: {target} is not there")
if problems or not count:
    sys.exit("\n".join(problems) or "no command at all")
print(f"{count} commands of {len(sys.argv) - 1} pages")
