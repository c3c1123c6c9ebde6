#!/bin/sh
# Installs what the build needs on Debian 12 or later, and nothing that is there already. Swift 6.3 must be on the PATH.
#
#   deploy/setup.sh            what the build and most tests need
#   deploy/setup.sh --tests    the emulator and C library of aarch64 too, 17 MB and half a minute, and PostgreSQL's server: what needs them does without
#   deploy/setup.sh --packages what deploy/packages/build.sh needs, too
set -eu

command -v swift >/dev/null || { echo "swift is not on the PATH; install Swift 6.3 from https://swift.org/install" >&2; exit 1; }

# need PACKAGE...
need() {
    missing=""
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    run=""
    [ "$(id -u)" = 0 ] || run="sudo"
    echo "installing Debian packages:$missing" >&2
    $run apt-get update -qq >&2
    # shellcheck disable=SC2086  # one word a package
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}

need libprotobuf-c-dev protobuf-c-compiler protobuf-compiler python3 python3-venv libopenblas-dev libjpeg-dev libpng-dev libwebp-dev zlib1g-dev \
    libsqlite3-dev libpq-dev
[ "${1:-}" != --tests ] || need postgresql || echo "setup.sh: PostgreSQL could not be installed; the tests of jobs in it will not run" >&2
if [ "${1:-}" = --tests ] && [ "$(uname -m)" != aarch64 ]; then
    need qemu-user libc6-dev-arm64-cross || echo "setup.sh: the emulator of aarch64 could not be installed; its kernels will not run" >&2
fi
if [ "${1:-}" = --packages ]; then
    need git debhelper chrpath
fi
