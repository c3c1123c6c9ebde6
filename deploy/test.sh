#!/bin/sh
# Runs the tests, from nothing but a clone: installs the Debian packages, builds once, tests what was built.
#
#   deploy/test.sh             everything that guards a promise of the product
#   deploy/test.sh --long      the same with the long versions: soak tests, every fixture in every variant, fixtures made anew; and as root what
#                              takes a network of hosts (Tests/Hosts/run)
#   deploy/test.sh ARGUMENTS   of `swift test`: just what they choose
set -eu
cd "$(dirname "$0")/.."
deploy/setup.sh --tests
long=
[ "${1:-}" != --long ] || { long=--long; export GLM_LONG=1; shift; }
# The first run builds everything, the programs that tests start too.
run_tests() { swift test -c release --disable-testable-imports "$@"; }
[ $# -eq 0 ] || { run_tests "$@"; exit; }
# What needs no build, beside the build, which leaves a processor idle at times: the kernels, on aarch64 too where the emulator is installed,
# seconds of fuzzing for each decoder in C, and what deploy/ has for operators.
# shellcheck disable=SC2086  # no argument, or one
{ deploy/kernels.sh && deploy/fuzz.sh 2 jpeg png webp wire && Tests/Deploy/check.sh $long; } &
beside=$!
# Servers keep deadlines and the stand-in for CANN computes for long: each group has the machine for itself.
servers='GatewayTests|ServerKitTests|HTTPServingTests|TelemetryTests|OTLPTests|EndToEndTests'
standin='AscendStandInTests|TensorAscendTests'
run_tests --skip "$servers|$standin|FuzzTests"
# The program that was built then runs by itself: `swift test` would plan the build again for each group.
run_built() { .build/release/glmPackageTests.xctest --testing-library swift-testing "$@"; }
run_built --filter 'ServerKitTests|HTTPServingTests|TelemetryTests|OTLPTests'
run_built --filter 'GatewayTests'
run_built --filter 'EndToEndTests'
run_built --filter "$standin"
# Seconds for each parser. Longer by the script itself.
deploy/fuzz.sh 2 swift
wait "$beside"
# shellcheck disable=SC2086
Tests/Reference/check.sh $long
[ -z "$long" ] || Tests/Hosts/run
