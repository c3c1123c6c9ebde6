#!/bin/sh
# What deploy/ has for operators beside the programs, without a cluster and without a build, in seconds: manifests against schemas, alerts,
# dashboard, Envoy's configuration, the simulator, the look at power sensors, scripts. A part whose tool can't be had is left out, with the reason.
#
#   Tests/Deploy/check.sh [--long] [--crds DIR]
#
# --long: tables of a thousand cards, too.
# DIR: CustomResourceDefinitions of the publishers, as YAML, against which custom resources are validated, too.
# GLM_PYTHON: an interpreter with what requirements.txt names. Without it, one in an environment of its own, made once.
set -eu
cd "$(dirname "$0")/../.."
crds='' long=''
[ "${1:-}" != --long ] || { long=--long; shift; }
[ "${1:-}" != --crds ] || { crds=$(realpath "$2"); shift 2; }
[ $# -eq 0 ] || { echo "usage: $0 [--long] [--crds DIR]" >&2; exit 2; }
tools=$PWD/.build/deploy
python=${GLM_PYTHON:-$tools/bin/python}
ran='' skipped=''
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# part NAME COMMAND...
part() {
    name=$1
    shift
    if ! "$@" >"$out/log" 2>&1; then
        echo "Tests/Deploy: $name failed:" >&2
        tail -n 40 "$out/log" >&2
        exit 1
    fi
    ran="$ran $name"
}
skip() { skipped="$skipped
    $1: $2"; }

part power.py python3 Tests/Deploy/power_sensor.py
part simulator python3 Tests/Deploy/simulator.py $long

[ -n "${GLM_PYTHON:-}" ] || [ -e "$tools/complete" ] || {
    python3 -m venv "$tools" \
        && timeout 300 "$tools/bin/pip" install -q --disable-pip-version-check --timeout 10 --retries 1 -r Tests/Deploy/requirements.txt \
        && touch "$tools/complete"
} >&2 || python=
# The package of Debian would start a server; only this program of it is wanted.
promtool=$(command -v promtool || echo "$tools/usr/bin/promtool")
[ -x "$promtool" ] || {
    (mkdir -p "$tools" && cd "$out" && timeout 120 apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C "$tools" ./usr/bin/promtool)
} >&2 || promtool=

if [ -z "$python" ]; then
    for name in manifests monitoring envoy scripts; do skip $name 'could not install what Tests/Deploy/requirements.txt names'; done
else
    bin=$(dirname "$python")
    part manifests "$python" Tests/Deploy/manifests.py "$bin/kubectl" ${crds:+"$crds"}
    if [ -n "$promtool" ]; then
        part monitoring "$python" Tests/Deploy/monitoring.py "$promtool"
    else
        skip monitoring 'needs promtool (Debian: prometheus)'
    fi
    part envoy "$python" Tests/Deploy/envoy.py "$bin/envoy"
    # shellcheck disable=SC2046  # one word a file
    part scripts "$bin/shellcheck" --severity warning --exclude SC1007 $(git ls-files '*.sh' Tests/Hosts/run)
fi

echo "Tests/Deploy: ran$ran"
[ -z "$skipped" ] || echo "Tests/Deploy: not run:$skipped"
