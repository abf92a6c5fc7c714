#!/usr/bin/env bash
# gate: slow
# The Debian package and the RPM install, run, upgrade with a changed configuration and go, in a small Debian of their own.
set -euo pipefail
for tool in mmdebstrap dpkg-deb rpmbuild rpm; do
  command -v "$tool" >/dev/null || { echo "$tool is not here"; exit 77; }
done
[[ $(id -u) == 0 ]] || { echo 'only root can install into a folder'; exit 77; }
[[ -x $PISTE ]] || { echo "no executable $PISTE"; exit 77; }

work=$(mktemp -d) running=
finish() {
  [[ -z $running ]] || kill -KILL "$running" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
system=$work/system
export COMPRESSION=quick
mapfile -t sources < <(ls /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null)
if ! cat "${sources[@]}" |
  mmdebstrap --variant=minbase --include=ca-certificates --quiet "$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)" "$system" - >"$work/mmdebstrap" 2>&1; then
  tail -3 "$work/mmdebstrap"
  echo 'no Debian to install into can be made here'
  exit 77
fi
deploy/package.sh --binary "$PISTE" --into "$work/one" --version 1.0.0 >/dev/null
deploy/package.sh --binary "$PISTE" --into "$work/two" --version 1.0.1 >/dev/null

fail() { echo "$*" >&2; exit 1; }

# What lintian must not find; of what it may, each has its reason. Configurations may hold secrets and are the group's alone; the units
# have a target of their own, and an upgrade restarts them; what is handed out is static, with its libraries inside; nobody is written to.
lint='no lintian'
if command -v lintian >/dev/null; then
  reasoned=non-standard-file-perm,systemd-service-file-refers-to-unusual-wantedby-target,maintainer-script-calls-systemctl
  reasoned+=,missing-dependency-on-libc,embedded-library,bogus-mail-host,bogus-mail-host-in-debian-changelog
  lintian --allow-root --fail-on error,warning --suppress-tags "$reasoned" "$work"/one/*.deb >"$work/lintian" 2>&1 ||
    { cat "$work/lintian"; fail 'lintian found something'; }
  lint='lintian found nothing'
fi

inside() { chroot "$system" "$@"; }
there() { [[ -e $system/$1 ]] || fail "$1 is not there $2"; }
gone() { [[ ! -e $system/$1 ]] || fail "$1 is still there $2"; }

# What an installation must have brought, and what it must have left alone.
installed() {
  inside getent passwd piste >/dev/null || fail "no user piste $1"
  [[ $(inside stat -c '%U %a' /var/lib/piste) == 'piste 750' ]] || fail "the folder is not the user's $1"
  [[ $(inside stat -c '%G %a' /etc/piste/collector.hocon) == 'piste 640' ]] || fail "others can read configurations $1"
  [[ -z $(find "$system/etc/systemd" -name '*piste*' 2>/dev/null) ]] || fail "something was enabled $1"
  inside piste --version >/dev/null
  there usr/share/man/man1/piste-collector.1.gz "$1"
  there usr/share/doc/piste/sbom.cdx.json "$1"
  there usr/lib/systemd/system/piste@.service "$1"
}

# What the unit piste@up would start, as its user; it takes events, and ends in good order.
runs() {
  local port admin end=$((SECONDS + 60))
  read -r port admin < <(python3 -c 'import socket
a, b = socket.socket(), socket.socket()
a.bind(("127.0.0.1", 0)); b.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')
  chroot "$system" setpriv --reuid=piste --regid=piste --clear-groups env -C /var/lib/piste \
    PISTE_OPTIONS="-Dlisten=127.0.0.1:$port -DadminListen=127.0.0.1:$admin -DigluListen=127.0.0.1:0" \
    /usr/lib/piste/run up >"$work/run" 2>&1 &
  running=$!
  until "$PISTE" healthcheck --url "http://127.0.0.1:$admin/health" 2>/dev/null; do
    kill -0 "$running" 2>/dev/null || { cat "$work/run"; fail "piste@up ended $1"; }
    [[ $SECONDS -lt $end ]] || { cat "$work/run"; fail "piste@up is not well $1"; }
    sleep 0.2
  done
  "$PISTE" send --to "http://127.0.0.1:$port" --events 20 >/dev/null
  kill -TERM "$running"
  local code=0
  wait "$running" || code=$?
  running=
  [[ $code == 0 ]] || { cat "$work/run"; fail "piste@up ended with $code $1"; }
  [[ -n $(find "$system/var/lib/piste/lake/enriched" -type f) ]] || fail "no file of events $1"
}

# A configuration that is wrong is not tried again: the unit's RestartPreventExitStatus names 78.
refuses() {
  local code=0
  echo 'collector { port = many }' >"$system/etc/piste/wrong.hocon"
  inside env PISTE_ROLE=collector /usr/lib/piste/run wrong >/dev/null 2>&1 || code=$?
  rm "$system/etc/piste/wrong.hocon"
  [[ $code == 78 ]] || fail "a wrong configuration ended with $code"
}

deb=$work/packages.deb
mkdir "$system/packages"
cp "$work"/one/*.deb "$system/packages/one.deb"
cp "$work"/two/*.deb "$system/packages/two.deb"
inside dpkg -i /packages/one.deb >"$deb" 2>&1 || { cat "$deb"; fail 'the Debian package does not install'; }
installed 'after dpkg -i'
runs 'of the Debian package'
refuses
echo '# Ours.' >>"$system/etc/piste/up.hocon"
inside dpkg -i /packages/two.deb >"$deb" 2>&1 || { cat "$deb"; fail 'the Debian package does not upgrade'; }
installed 'after an upgrade'
grep -q '^# Ours.' "$system/etc/piste/up.hocon" || fail 'the upgrade took a changed configuration away'
runs 'after an upgrade'
inside dpkg -r piste >"$deb" 2>&1
gone usr/bin/piste 'after dpkg -r'
there etc/piste/up.hocon 'after dpkg -r'
there var/lib/piste/lake 'after dpkg -r'
inside dpkg -P piste >"$deb" 2>&1
gone etc/piste 'after dpkg -P'
gone var/lib/piste 'after dpkg -P'
inside userdel piste

rpm=(rpm --root "$system" --nodeps --nosignature)
rpm --root "$system" --initdb
"${rpm[@]}" -i "$work"/one/*.rpm
installed 'after rpm -i'
runs 'of the RPM'
echo '# Ours.' >>"$system/etc/piste/up.hocon"
"${rpm[@]}" -U "$work"/two/*.rpm
installed 'after rpm -U'
grep -q '^# Ours.' "$system/etc/piste/up.hocon" || fail 'rpm -U took a changed configuration away'
runs 'after rpm -U'
"${rpm[@]}" -e piste
gone usr/bin/piste 'after rpm -e'
there var/lib/piste/lake 'after rpm -e'
there etc/piste/up.hocon.rpmsave 'after rpm -e'
echo "deb and rpm: installed, run, upgraded with a changed configuration, removed; $lint"
