#!/usr/bin/env bash
# Makes the Debian package and the RPM of an executable that is built already.
#
#   deploy/package.sh --binary FILE [--into DIR] [--version VERSION] [--only deb|rpm]
#
# The executable should be the static one that deploy/image.sh builds: it runs wherever Linux does. Needs dpkg-deb, rpmbuild and
# Python 3.11; COMPRESSION=quick makes large packages, for tests. Installing neither starts nor enables anything, and keeps configurations that were changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary='' into=target/packages only='' version=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --binary) binary=$2; shift 2 ;;
    --into) into=$2; shift 2 ;;
    --version) version=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    *) echo "package.sh: what is $1? See the head of this script." >&2; exit 64 ;;
  esac
done
[[ -x $binary ]] || { echo "package.sh: --binary names no executable" >&2; exit 64; }
version=${version:-$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
case $(uname -m) in
  x86_64) deb_machine=amd64 ;;
  aarch64) deb_machine=arm64 ;;
  *) deb_machine=$(uname -m) ;;
esac

if [[ ${COMPRESSION:-} == quick ]]; then deb=(-Zgzip -z1) rpm=w1.gzdio; else deb=(-Zxz) rpm=w9.xzdio; fi

umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/files docs=$work/files/usr/share/doc/piste
mkdir -p "$into" "$tree"/{usr/bin,usr/lib/piste,usr/lib/systemd/system,usr/lib/sysusers.d,usr/lib/tmpfiles.d,usr/share/man,usr/share/licenses/piste} \
  "$tree"/usr/share/{bash-completion/completions,fish/vendor_completions.d,zsh/vendor-completions} \
  "$tree/etc/piste/enrichments" "$docs/reference"
install -m 755 "$binary" "$tree/usr/bin/piste"
strip --strip-unneeded "$tree/usr/bin/piste"
install -m 755 deploy/systemd/run "$tree/usr/lib/piste/run"
install -m 644 deploy/systemd/piste@.service deploy/systemd/piste.target "$tree/usr/lib/systemd/system/"
install -m 644 deploy/systemd/piste.sysusers "$tree/usr/lib/sysusers.d/piste.conf"
install -m 644 deploy/systemd/piste.tmpfiles "$tree/usr/lib/tmpfiles.d/piste.conf"
install -m 640 deploy/config/*.hocon deploy/systemd/env/*.env "$tree/etc/piste/"
install -m 640 deploy/config/enrichments/*.json "$tree/etc/piste/enrichments/"
install -m 644 deploy/reference/*.hocon "$docs/reference/"
install -m 644 CHANGELOG.md docs/compatibility.md docs/metrics.md "$docs/"
install -m 644 LICENSE "$tree/usr/share/licenses/piste/LICENSE"
deploy/sbom.py "$docs"
"$binary" manual "$work/manual"
cp -r "$work/manual/man/man1" "$tree/usr/share/man/man1"
gzip -9nr "$tree/usr/share/man/man1"
install -m 644 "$work/manual/completions/piste.bash" "$tree/usr/share/bash-completion/completions/piste"
install -m 644 "$work/manual/completions/piste.fish" "$tree/usr/share/fish/vendor_completions.d/piste.fish"
install -m 644 "$work/manual/completions/_piste" "$tree/usr/share/zsh/vendor-completions/_piste"
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

if [[ $only != rpm ]]; then
  cp -a "$tree" "$work/deb"
  mkdir "$work/deb/DEBIAN"
  install -m 644 deploy/packaging/deb/copyright "$work/deb/usr/share/doc/piste/copyright"
  printf 'piste (%s) stable; urgency=medium\n\n  * What has changed is in CHANGELOG.md beside this file.\n\n -- The piste developers <piste@localhost>  %s\n' \
    "$version" "$(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")" | gzip -9nc >"$work/deb/usr/share/doc/piste/changelog.gz"
  touch --date="@$SOURCE_DATE_EPOCH" "$work"/deb/usr/share/doc/piste/{copyright,changelog.gz} "$work/deb/usr/share/doc/piste"
  install -m 755 deploy/packaging/deb/{postinst,prerm,postrm} "$work/deb/DEBIAN/"
  (cd "$work/deb" && find etc -type f | sort | sed 's,^,/,') >"$work/deb/DEBIAN/conffiles"
  size=$(du -sk "$tree" | cut -f1)
  sed "s/@VERSION@/$version/; s/@MACHINE@/$deb_machine/; s/@SIZE@/$size/" deploy/packaging/deb/control >"$work/deb/DEBIAN/control"
  (cd "$work/deb" && find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | sort | xargs md5sum) >"$work/deb/DEBIAN/md5sums"
  touch --date="@$SOURCE_DATE_EPOCH" "$work"/deb/DEBIAN/* "$work/deb/DEBIAN"
  dpkg-deb --root-owner-group "${deb[@]}" --build "$work/deb" "$into/piste_${version}_$deb_machine.deb"
fi

if [[ $only != deb ]]; then
  rpmbuild -bb --quiet --target "$(uname -m)" --define "_topdir $work/rpm" --define "tree $tree" --define "piste_version $version" \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_buildhost piste' --define "_binary_payload $rpm" deploy/packaging/piste.spec
  cp "$work"/rpm/RPMS/*/*.rpm "$into/"
fi
ls -l "$into"
