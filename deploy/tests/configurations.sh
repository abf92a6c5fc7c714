#!/usr/bin/env bash
# gate: quick
# Every file of deploy/config is understood by its role, without a key that nothing reads.
set -euo pipefail
[[ -x $PISTE ]] || { echo "no executable $PISTE"; exit 77; }
count=0
for file in deploy/config/*.hocon; do
  name=$(basename "$file" .hocon)
  case $name in
    resolver) continue ;;
    s3-loader-*) role=s3-loader ;;
    postgres-loader-*) role=postgres-loader ;;
    *) role=$name ;;
  esac
  found=$("$PISTE" check --role "$role" --config "$file" --format json -Dfoo=1 2>/dev/null || true)
  python3 - "$name" "$found" <<'PYTHON'
import json, sys
name, found = sys.argv[1], json.loads(sys.argv[2])
unknown = [each for each in found["unknown"] if each["key"] != "foo"]
assert len(found["unknown"]) > len(unknown), f"{name}: a key that nothing reads is not found at all"
assert not found["errors"] and not unknown, f"{name}: {found['errors']} {unknown}"
PYTHON
  count=$((count + 1))
done
echo "$count files"
