#!/usr/bin/env bash
# gate: quick
# Rules and board name only metrics that there are, with labels that these have; each alert fires when it should; the board is
# made of its panels.
set -euo pipefail
[[ -x $PISTE ]] || { echo "no executable $PISTE"; exit 77; }
"$PISTE" metrics --list | python3 deploy/tests/metric_names.py deploy/monitoring/prometheus.rules.yaml deploy/monitoring/panels.json
python3 deploy/monitoring/board.py <deploy/monitoring/panels.json | cmp - deploy/monitoring/grafana.json
while read -r alert; do
  grep -q "name: $alert\$" deploy/monitoring/prometheus.tests.yaml || { echo "no test makes $alert fire"; exit 1; }
done < <(sed -n 's/^ *- alert: //p' deploy/monitoring/prometheus.rules.yaml)
command -v promtool >/dev/null || { echo 'names are right; promtool is not here, so no alert was tried'; exit 77; }
promtool check rules deploy/monitoring/prometheus.rules.yaml
promtool check config deploy/monitoring/prometheus.yaml
promtool test rules deploy/monitoring/prometheus.tests.yaml
echo "$(grep -c 'alert:' deploy/monitoring/prometheus.rules.yaml) alerts"
