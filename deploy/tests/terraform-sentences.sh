#!/usr/bin/env bash
# gate: slow
# Wrong input is refused by the plan, each mistake with a sentence of its own: CIDRs, zones, sizes, UUIDs, prefixes, certificates and
# all else that deploy/terraform finds.
set -euo pipefail
source deploy/tests/terraform/provider.sh
python=python3
[[ ! -x .tools/python/bin/python ]] || python=.tools/python/bin/python
"$python" -c 'import boto3, moto.server' 2>/dev/null || { echo 'moto is not here: ./test tools installs it'; exit 77; }
"$python" deploy/tests/terraform/sentences.py
