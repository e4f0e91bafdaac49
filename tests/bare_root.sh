#!/bin/sh
# Makes a root of debootstrap's smallest kind, Debian 12 with nothing in it, and takes from this machine where packages
# come from (apt, npm, pip, proxies, certificates). Needs root.
#
#     tests/bare_root.sh ROOT
#
# Ends with 77, and says why, where it cannot.
set -eu
root=${1:?the folder to make}

skip() {
    echo "skipped: $*"
    exit 77
}

[ "$(id -u)" = 0 ] || skip "a bare root needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount --pid --fork true 2>/dev/null || skip "no namespace of mounts may be made here"

sources=$(apt-get indextargets --format "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' |
    grep -E ' bookworm(-updates|-security)? main$' || true)
mirror=$(echo "$sources" | sed -n 's/^deb \([^ ]*\) bookworm main$/\1/p' | head -n 1)
[ -n "$mirror" ] || skip "no source of Debian 12 is known to apt here"

# A root that others than root may enter: PostgreSQL runs as one of them, Parlor too.
mkdir -p "$root"
chmod 755 "$root"

echo "# a bare root from $(echo "$mirror" | sed 's,//[^@/]*@,//,')"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
    tail -n 20 "$root.log"
    exit 1
}
rm "$root.log"

# Where packages come from.
echo "$sources" >"$root/etc/apt/sources.list"
for path in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/npmrc "${HOME:-/root}/.npmrc" "${HOME:-/root}/.config/pip" \
    /usr/local/share/ca-certificates /etc/ssl/certs "${SSL_CERT_FILE:-}" "${NODE_EXTRA_CA_CERTS:-}" "${PIP_CERT:-}" \
    "${CURL_CA_BUNDLE:-}" "${REQUESTS_CA_BUNDLE:-}" /etc/apt/auth.conf.d; do
    if [ -n "$path" ] && [ -e "$path" ]; then
        mkdir -p "$root${path%/*}"
        cp -RL "$path" "$root${path%/*}/"
    fi
done
apt-config dump --format '%f "%v";%n' | grep -E '^Acquire::(https?::|::)?[Pp]roxy|^Acquire::https?::' \
    >"$root/etc/apt/apt.conf.d/99host" || true
