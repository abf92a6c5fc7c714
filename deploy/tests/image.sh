#!/usr/bin/env bash
# gate: slow
# The image: small, made twice its layer is the same, nothing in it but the executable and what goes with it, another user than root, a
# root that is never written to; entry points by the original's names; and the services of compose.yaml run in it (story.py).
# PISTE_STATIC names a static executable; without it one is built where Rust has the target for it.
set -euo pipefail
for tool in buildah podman runc readelf; do
  command -v "$tool" >/dev/null || { echo "$tool is not here"; exit 77; }
done
[[ $(id -u) == 0 ]] || { echo 'containers are tried as root alone'; exit 77; }
target=x86_64-unknown-linux-musl
if [[ -z ${PISTE_STATIC:-} ]]; then
  [[ -d $(rustc --print sysroot)/lib/rustlib/$target ]] || { echo "Rust has no target $target, PISTE_STATIC names no executable"; exit 77; }
  env -u RUSTC_WORKSPACE_WRAPPER cargo build --locked --release --target $target --bin piste
  PISTE_STATIC=target/$target/release/piste
fi

fail() { echo "$*" >&2; exit 1; }
work=$(mktemp -d)
finish() {
  podman rm --all --force --time 0 >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
export CONTAINERS_CONF=$PWD/deploy/tests/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf
printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$work" "$work" >"$CONTAINERS_STORAGE_CONF"
if ! podman info >"$work/info" 2>&1; then
  tail -1 "$work/info"
  echo 'podman does not work here'
  exit 77
fi

image=localhost/piste:story
deploy/image.sh --binary "$PISTE_STATIC" --name "$image" --by-name localhost/ --tag story | tee "$work/made"
deploy/image.sh --binary "$PISTE_STATIC" --name localhost/piste:again >"$work/again"
layers() { podman image inspect --format '{{.RootFS.Layers}}' "$1"; }
[[ $(layers "$image") == "$(layers localhost/piste:again)" ]] || fail 'made twice, the layers are not the same'
compressed=$(sed -n 's/^executable [0-9]* bytes, \([0-9]*\) with gzip$/\1/p' "$work/made")
[[ $compressed -le 40000000 ]] || fail "the executable has $compressed bytes with gzip"

told=$(podman image inspect --format '{{.User}} {{json .Config.Entrypoint}} {{json .Config.Healthcheck.Test}} {{index .Labels "org.opencontainers.image.licenses"}}' "$image")
[[ $told == '65532:65532 ["/piste"] ["CMD","/piste","healthcheck"] Apache-2.0' ]] || fail "the image is $told"
container=$(podman create "$image")
podman export "$container" | tar -tv >"$work/files"
podman rm "$container" >/dev/null
if grep -E '^-..s|^-.....s' "$work/files"; then fail 'a setuid file'; fi
found=$(awk '$1 ~ /^-/ { print $6 }' "$work/files" | grep -vE '^(etc/(hosts|resolv.conf|hostname)|run/.containerenv)$' | sort | tr '\n' ' ')
expected='etc/ssl/certs/ca-certificates.crt piste usr/share/doc/piste/LICENSE usr/share/doc/piste/licences.txt usr/share/doc/piste/sbom.cdx.json '
[[ $found == "$expected" ]] || fail "files of the image: $found"

alone=(podman run --rm --read-only --cap-drop all --security-opt no-new-privileges --network none)
"${alone[@]}" "$image" --version
while read -r name role; do
  "${alone[@]}" "localhost/snowplow/$name:story" --help | grep -q "^Usage: piste $role" || fail "$name does not run $role"
done <<'NAMES'
scala-stream-collector-kinesis collector
snowplow-enrich-kinesis enrich
snowplow-s3-loader s3-loader
snowplow-postgres-loader postgres-loader
iglu-server iglu-server
NAMES

# The solo shape: a volume that outlives the container; asked by its own check; ended in good order.
solo=$(podman run --detach --read-only --cap-drop all --security-opt no-new-privileges --volume piste-solo:/var/lib/piste \
  --volume "$PWD/deploy/config:/etc/piste:ro" --no-healthcheck "$image" up --config /etc/piste/up.hocon)
for _ in $(seq 300); do
  if podman exec "$solo" /piste healthcheck 2>"$work/asked"; then break; fi
  sleep 0.2
done
podman exec "$solo" /piste healthcheck || { podman logs "$solo"; fail 'piste up is not well in a container'; }
podman exec "$solo" /piste send --to http://127.0.0.1:8080 --events 20
podman stop --time 90 "$solo" >/dev/null
code=$(podman inspect --format '{{.State.ExitCode}}' "$solo")
[[ $code == 0 ]] || { podman logs "$solo"; fail "piste up ended with $code"; }
podman volume export piste-solo | tar -t >"$work/files"
grep -q '^lake/enriched/.*gz$' "$work/files" || { cat "$work/files"; fail 'no file of events in the volume'; }
podman volume rm --force piste-solo >/dev/null

PYTHON=${PYTHON:-.tools/python/bin/python}
if ! "$PYTHON" -c 'import boto3, moto.server, yaml' 2>/dev/null || ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  echo "the image is as it should be, $compressed bytes with gzip; its services were not tried, for moto or PostgreSQL is not here"
  exit 77
fi
echo "$compressed bytes with gzip; $("$PYTHON" deploy/tests/story.py containers "$image")"
