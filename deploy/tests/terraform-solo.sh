#!/usr/bin/env bash
# gate: slow
# The environment `solo`, applied from nothing without input against an AWS that is played here, looked at and destroyed again.
set -euo pipefail
source deploy/tests/terraform/provider.sh
python=python3
[[ ! -x .tools/python/bin/python ]] || python=.tools/python/bin/python
"$python" -c 'import boto3, moto.server' 2>/dev/null || { echo 'moto is not here: ./test tools installs it'; exit 77; }
"$python" deploy/tests/terraform/apply.py solo
