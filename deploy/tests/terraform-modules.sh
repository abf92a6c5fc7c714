#!/usr/bin/env bash
# gate: slow
# `terraform test`: every module and environment against a provider that is played, among them each refusal and the variable files
# of the original. Needs terraform 1.11 and a mirror of the aws provider, or the way to its registry.
set -euo pipefail
source deploy/tests/terraform/provider.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -a deploy/terraform "$work"
cp -a deploy/prices.toml deploy/config "$work"
cd "$work/terraform"
terraform init -input=false -no-color >"$work/init" || { cat "$work/init"; exit 1; }
terraform test -no-color
