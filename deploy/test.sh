#!/bin/sh
# Runs all tests, from nothing but a clone: installs the Debian packages, builds once, tests what was built.
set -eu
cd "$(dirname "$0")/.."
deploy/setup.sh
# The tests start the real binaries, so these are built first, in the configuration that the tests share.
swift build -c release
exec swift test -c release --disable-testable-imports "$@"
