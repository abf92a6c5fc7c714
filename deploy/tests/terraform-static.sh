#!/usr/bin/env bash
# gate: quick
# Terraform: rights are least, aws is the only provider, nothing must be given, every name of the original is there. With
# terraform also the layout of the files, with cfn-lint also that each action exists and fits its resource.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
said=$(python3 deploy/tests/terraform/static.py "$work/policies.json")
if command -v terraform >/dev/null; then
  CHECKPOINT_DISABLE=1 terraform fmt -check -recursive deploy/terraform
else
  said+=', SKIPPED without terraform: layout'
fi
if cfn-lint --version >/dev/null 2>&1; then
  cfn-lint --include-checks W --regions eu-west-1 -- "$work/policies.json"
else
  said+=', SKIPPED without cfn-lint: names of actions'
fi
echo "$said"
