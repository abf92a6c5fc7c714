#!/usr/bin/env bash
# The checks of deploy/: each script beside this one is one, says `gate: quick` or `gate: slow` in its head, and ends with 0,
# with 77 where this machine lacks what it needs, or with anything else. Its last line says what it found, or what is lacking.
#
#   deploy/tests/all.sh quick | slow | all | NAME...     PISTE names the executable [target/debug/piste]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 70
export PISTE=${PISTE:-$PWD/target/debug/piste}

gate=${1:-all} failed=0 skipped=0 ran=0
# A full disk of logs helps nobody: what a check said is kept only while it is told.
said=$(mktemp)
trap 'rm -f "$said"' EXIT
for script in deploy/tests/*.sh; do
  name=$(basename "$script" .sh)
  [[ $name == all ]] && continue
  its=$(sed -n 's/^# gate: //p' "$script" | head -1)
  case $gate in
    all) ;;
    quick | slow) [[ ${its:-slow} == "$gate" ]] || continue ;;
    *) [[ " $* " == *" $name "* ]] || continue ;;
  esac
  from=$SECONDS
  bash "$script" >"$said" 2>&1 </dev/null
  code=$?
  last=$(grep -v '^[[:space:]]*$' "$said" | tail -1)
  case $code in
    0) verdict=ok ;;
    77) verdict=SKIPPED skipped=$((skipped + 1)) ;;
    *) verdict=FAILED failed=$((failed + 1)) ;;
  esac
  ran=$((ran + 1))
  printf '%-7s %-24s %3d s  %s\n' "$verdict" "$name" $((SECONDS - from)) "$last"
  [[ $verdict != FAILED ]] || sed 's/^/    /' "$said"
done
printf '%d checks of deploy/, %d skipped, %d failed\n' "$ran" "$skipped" "$failed"
[[ $ran -gt 0 && $failed == 0 ]]
