#!/bin/sh
# Runs the tests, from nothing but a clone: installs the Debian packages, builds once, tests what was built.
#
#   deploy/test.sh             everything that guards a promise of the product
#   deploy/test.sh --long      the same with the long versions: soak tests, every fixture in every variant, fixtures made anew
#   deploy/test.sh ARGUMENTS   of `swift test`: just what they choose
set -eu
cd "$(dirname "$0")/.."
deploy/setup.sh --tests
long=
[ "${1:-}" != --long ] || { long=--long; export GLM_LONG=1; shift; }
# The tests start the real binaries, so these are built first, in the configuration that the tests share.
swift build -c release
run_tests() { swift test -c release --disable-testable-imports "$@"; }
[ $# -eq 0 ] || { run_tests "$@"; exit; }
# Servers keep deadlines and the stand-in for CANN computes for long: each group has the machine for itself.
servers='GatewayTests|ServerKitTests|HTTPServingTests|TelemetryTests|OTLPTests|EndToEndTests'
standin='AscendStandInTests|TensorAscendTests'
run_tests --skip "$servers|$standin|FuzzTests"
run_tests --skip-build --filter 'ServerKitTests|HTTPServingTests|TelemetryTests|OTLPTests'
run_tests --skip-build --filter 'GatewayTests'
run_tests --skip-build --filter 'EndToEndTests'
run_tests --skip-build --filter "$standin"
# Seconds for each decoder and parser: a minute together. Longer by the script itself.
deploy/fuzz.sh 2
# On aarch64 too, where the emulator is installed; else it says so.
deploy/kernels.sh
# shellcheck disable=SC2086  # no argument, or one
Tests/Reference/check.sh $long
