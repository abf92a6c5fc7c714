#!/usr/bin/env bash
# gate: quick
# The commands of the pages of deploy/ are such that can be run: programs and options, variables of Terraform, units, links.
set -euo pipefail
[[ -x $PISTE ]] || { echo "no executable $PISTE"; exit 77; }
python3 deploy/tests/readme.py README.md deploy/README.md deploy/VERIFIED.md deploy/terraform/README.md
