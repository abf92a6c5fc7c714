#!/usr/bin/env bash
# gate: quick
# Shell scripts have no findings of shellcheck, the Dockerfile none of hadolint where that is there.
set -euo pipefail
command -v shellcheck >/dev/null || { echo 'shellcheck is not here'; exit 77; }
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard deploy test | while read -r file; do
  if [[ -f $file && $file != *.tftpl ]] && head -1 "$file" | grep -qE '^#!.*(sh|bash)$'; then echo "$file"; fi
done)
shellcheck --external-sources "${scripts[@]}"
lint='no hadolint'
if command -v hadolint >/dev/null; then hadolint deploy/Dockerfile; lint='hadolint found nothing'; fi
echo "${#scripts[@]} scripts; $lint"
