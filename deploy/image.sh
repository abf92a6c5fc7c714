#!/usr/bin/env bash
# Makes the container image: FROM scratch, one static executable.
#
#   deploy/image.sh [--name NAME] [--binary FILE] [--profile dist|release] [--by-name [REGISTRY/]]
#
#   --name NAME     the image [localhost/piste:latest]
#   --binary FILE   take this static executable and build none
#   --profile NAME  how it is built: dist (slow, small, what is handed out) or release [dist]
#   --by-name       also one image for each name of the original's, whose entry point is the role, so that its command lines
#                   work as they are: [REGISTRY/]snowplow/scala-stream-collector-kinesis:VERSION and so on
#   --tag TAG       their tag [the version of piste]
#
# Needs buildah or docker, Python 3.11; to build also Rust with the target x86_64-unknown-linux-musl and musl-gcc. The same
# sources give the same layer: times are those of the last commit, paths of the machine are left out. (The image's id differs:
# buildah notes the name of its own container in it.)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=x86_64-unknown-linux-musl
name=localhost/piste:latest binary='' profile=dist by_name='' registry='' tag=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --name) name=$2; shift 2 ;;
    --binary) binary=$2; shift 2 ;;
    --profile) profile=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --by-name)
      by_name=yes
      shift
      if [[ ${1:-} == */ ]]; then registry=$1; shift; fi
      ;;
    *) echo "image.sh: what is $1? See the head of this script." >&2; exit 64 ;;
  esac
done
die() { printf 'image.sh: %s\n' "$*" >&2; exit 69; }

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
tag=${tag:-$version}

if command -v buildah >/dev/null; then
  build() { buildah build --isolation chroot --format docker --layers=false --timestamp "$SOURCE_DATE_EPOCH" --quiet "$@"; }
elif command -v docker >/dev/null && docker version >/dev/null 2>&1; then
  build() { docker build --quiet "$@"; }
else
  die 'neither buildah nor a running docker'
fi

if [[ -z $binary ]]; then
  remap="--remap-path-prefix=$PWD=/piste --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
  RUSTFLAGS="${RUSTFLAGS:-} $remap" cargo build --locked --target "$target" --profile "$profile" --bin piste
  binary=${CARGO_TARGET_DIR:-target}/$target/$profile/piste
fi
[[ -x $binary ]] || die "$binary is no executable"
if readelf -l "$binary" | grep -q INTERP; then die "$binary is not static: the image has no libraries"; fi

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context"/files/{etc/ssl/certs,tmp,usr/share/doc/piste} "$context/state"
install -m 755 "$binary" "$context/files/piste"
strip --strip-debug "$context/files/piste"
# The public authorities as this machine has them; CA_BUNDLE names others.
install -m 644 "${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}" "$context/files/etc/ssl/certs/ca-certificates.crt"
install -m 644 LICENSE "$context/files/usr/share/doc/piste/LICENSE"
deploy/sbom.py "$context/files/usr/share/doc/piste" "$target"
chmod 1777 "$context/files/tmp"
find "$context" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

id=$(build --file deploy/Dockerfile --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --tag "$name" "$context")
printf 'image %s %s\n' "$name" "$id"
printf 'executable %s bytes, %s with gzip\n' "$(stat -c %s "$context/files/piste")" "$(gzip -9c "$context/files/piste" | wc -c)"

if [[ -n $by_name ]]; then
  mkdir "$context/empty"
  while read -r image role; do
    printf 'FROM %s\nENTRYPOINT ["/piste", "%s"]\n' "$name" "$role" >"$context/Dockerfile"
    id=$(build --file "$context/Dockerfile" --tag "${registry}snowplow/$image:$tag" "$context/empty")
    printf 'image %s %s\n' "${registry}snowplow/$image:$tag" "$id"
  done <<'NAMES'
scala-stream-collector-kinesis collector
snowplow-enrich-kinesis enrich
snowplow-s3-loader s3-loader
snowplow-postgres-loader postgres-loader
iglu-server iglu-server
NAMES
fi
