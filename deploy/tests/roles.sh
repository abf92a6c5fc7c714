#!/usr/bin/env bash
# gate: slow
# The services of compose.yaml as processes, on stand-ins of AWS and a Postgres: see story.py.
set -euo pipefail
[[ -x $PISTE ]] || { echo "no executable $PISTE"; exit 77; }
PYTHON=${PYTHON:-.tools/python/bin/python}
"$PYTHON" -c 'import boto3, moto.server, yaml' 2>/dev/null || { echo "$PYTHON has no moto"; exit 77; }
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || { echo 'PostgreSQL is not here'; exit 77; }
"$PYTHON" deploy/tests/story.py processes "$PISTE"
