#!/usr/bin/env bash
# gate: slow
# `piste deploy init`, `up` and `status` from an empty folder, with the real Terraform against an AWS that is played here.
set -euo pipefail
[[ -x $PISTE ]] || { echo "no executable $PISTE"; exit 77; }
source deploy/tests/terraform/provider.sh
python=python3
[[ ! -x .tools/python/bin/python ]] || python=.tools/python/bin/python
"$python" -c 'import boto3, moto.server' 2>/dev/null || { echo 'moto is not here: ./test tools installs it'; exit 77; }
"$python" deploy/tests/terraform/commands.py "$PISTE"
