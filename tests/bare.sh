#!/bin/sh
# ./dev test on a bare Debian 12: a root of debootstrap's smallest kind, with nothing in it but what
# the project installs by itself, Debian's own Node among it. Needs root.
#
#     tests/bare.sh [OPTION OF ./dev test...]
#
# Ends with 77, and says why, where it cannot run.
set -eu
cd "$(dirname "$0")/.."

root=$(mktemp -d /var/tmp/parlor-bare-XXXXXX)
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 1' INT TERM
tests/bare_root.sh "$root" || exit

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
