#!/usr/bin/env bash
# gate: quick
# systemd understands the units, and what a role may do is little: at most 2.0 of the exposure that systemd-analyze counts.
set -euo pipefail
command -v systemd-analyze >/dev/null || { echo 'systemd-analyze is not here'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp deploy/systemd/piste@.service deploy/systemd/piste.target "$work"
# What the unit starts is not installed here, and neither are its manual pages: of anything else it must not complain.
found=$(systemd-analyze verify --man=no "$work/piste.target" "$work/piste@.service" 2>&1 | grep -v '/usr/lib/piste/run' | grep piste || true)
[[ -z $found ]] || { echo "$found"; exit 1; }
exposure=$(systemd-analyze security --offline=true --no-pager "$work/piste@.service" 2>&1 | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
awk -v found="$exposure" 'BEGIN { exit !(found != "" && found <= 2.0) }' || { echo "exposure is $exposure"; exit 1; }
echo "exposure $exposure"
