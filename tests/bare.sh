#!/bin/sh
# ./dev test on a bare Debian 12: a root of debootstrap's smallest kind, with nothing in it but what
# the project installs by itself, Debian's own Node among it. Needs root, and takes from this
# machine where packages come from (apt, npm, pip, proxies, certificates).
#
#     tests/bare.sh [OPTION OF ./dev test...]
#
# Ends with 77, and says why, where it cannot run.
set -eu
cd "$(dirname "$0")/.."

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

root=$(mktemp -d /var/tmp/parlor-bare-XXXXXX)
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 1' INT TERM
# A root that others than root may enter: PostgreSQL runs as one of them.
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

# The tree as it is, without what was built.
mkdir "$root/src"
if [ -e .git ]; then
    git ls-files -co --exclude-standard -z
else
    find . \( -name node_modules -o -name 'build*' -o -name dist -path ./web/dist \) -prune -o -type f -print0
fi | tar --create --null --ignore-failed-read --files-from=- | tar --extract --directory="$root/src"

# The mounts and all processes go with the namespace.
# shellcheck disable=SC2016 # for the shell inside
unshare --mount --pid --fork --kill-child sh -eu -c '
    root=$1
    shift
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/dev/shm"
    unset TMPDIR
    export HOME="${HOME:-/root}" PATH=/usr/sbin:/usr/bin:/sbin:/bin
    exec chroot "$root" /src/dev test "$@"
' sh "$root" "$@" || exit 1
