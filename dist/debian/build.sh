#!/bin/sh
# Makes build/parlor_VERSION_ARCHITECTURE.deb of build/parlor; ./dev package calls it after a release build.
# The same sources give the same file, bit for bit: times are those of the last commit, or SOURCE_DATE_EPOCH.
#
#     dist/debian/build.sh [--version VERSION] [--output FOLDER]
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" meson.build | head -n 1)
output=build
while [ $# -gt 0 ]; do
    case $1 in
    --version) version=${2:?--version needs a version} ;;
    --output) output=${2:?--output needs a folder} ;;
    *)
        echo "build.sh: unknown option: $1" >&2
        exit 2
        ;;
    esac
    shift 2
done
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y meson.build)
fi
export SOURCE_DATE_EPOCH

maintainer="Parlor developers <parlor@packages.invalid>"
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/debian/parlor
doc=$root/usr/share/doc/parlor

# --- What a machine gets ---

install -D -m 755 build/parlor "$root/usr/bin/parlor"
strip --remove-section=.comment --remove-section=.note "$root/usr/bin/parlor"
install -D -m 644 dist/parlor.bash "$root/usr/share/bash-completion/completions/parlor"
install -D -m 644 docs/parlor.1 "$root/usr/share/man/man1/parlor.1"
gzip -9n "$root/usr/share/man/man1/parlor.1"

# The unit is the one of dist/, at the places of a package and under the user that the package makes.
mkdir -p "$root/lib/systemd/system"
sed -e '/^# systemd unit:/d' -e '/^# `systemctl enable/d' \
    -e 's,/usr/local/bin/parlor,/usr/bin/parlor,' -e 's,/etc/parlor.conf,/etc/parlor/parlor.conf,' \
    -e 's,^DynamicUser=yes,User=parlor\nGroup=parlor\nRemoveIPC=yes,' \
    dist/parlor.service >"$root/lib/systemd/system/parlor.service"

# Every setting with what it means and its default, from the program itself.
mkdir -p "$root/etc/parlor"
build/parlor serve --print-config >"$work/defaults"
build/parlor serve --help | python3 dist/debian/settings.py "$work/defaults" >"$root/etc/parlor/parlor.conf"

mkdir -p "$doc/examples"
cp -R dist/grafana dist/prometheus "$doc/examples/"
install -m 644 docs/operating.md "$doc/operating.md"
gzip -9n "$doc/operating.md"
python3 dist/debian/licences.py "$root/usr/bin/parlor" >"$doc/copyright"
cat >"$doc/changelog" <<END
parlor ($version) stable; urgency=medium

  * Release $version: see the history of the sources.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
gzip -9n "$doc/changelog"

# --- What dpkg reads ---

# dpkg-shlibdeps wants the sources' control file beside it.
printf 'Source: parlor\n\nPackage: parlor\nArchitecture: any\n' >"$work/debian/control"
# It does not see the part of libwebsockets that is loaded when the server starts.
depends=$(cd "$work" && dpkg-shlibdeps -O debian/parlor/usr/bin/parlor | sed -n 's/^shlibs:Depends=//p')
mkdir "$root/DEBIAN"
for script in postinst prerm postrm; do
    install -m 755 "dist/debian/$script" "$root/DEBIAN/$script"
done
echo /etc/parlor/parlor.conf >"$root/DEBIAN/conffiles"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -print | sed 's,^\./,,' | sort | xargs md5sum) >"$work/md5sums"
mv "$work/md5sums" "$root/DEBIAN/md5sums"
cat >"$root/DEBIAN/control" <<END
Package: parlor
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size "$root" | cut -f 1)
Depends: adduser, libwebsockets-evlib-uv, $depends
Recommends: ca-certificates
Suggests: postgresql, prometheus
Section: video
Priority: optional
Description: self-hosted video meetings
 A server for video meetings with rooms, roles and room codes: a selective
 forwarding unit for WebRTC, a web client, and the management API and wire
 protocol of 100ms, all in one program.
 .
 The package sets up a service that listens on localhost:8080; settings are in
 /etc/parlor/parlor.conf.
END

find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$output"
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$output/parlor_${version}_$architecture.deb"
