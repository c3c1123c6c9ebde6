#!/bin/sh
# Runs all tests, from nothing but a clone: installs the Debian packages, builds once, tests what was built. With arguments,
# those of `swift test`, runs just what they choose.
set -eu
cd "$(dirname "$0")/.."
deploy/setup.sh
# The tests start the real binaries, so these are built first, in the configuration that the tests share.
swift build -c release
test() { swift test -c release --disable-testable-imports "$@"; }
[ $# -eq 0 ] || { test "$@"; exit; }
# Servers keep deadlines and the stand-in for CANN computes for long: each group has the machine for itself.
servers='GatewayTests|StageKitTests|TelemetryTests|EndToEndTests'
standin='AscendStandInTests|TensorAscendTests'
test --skip "$servers|$standin"
test --skip-build --filter "$servers"
test --skip-build --filter "$standin"
