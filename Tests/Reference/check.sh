#!/bin/sh
# Runs every script that the documents name, in its cheapest form, against the programs of the last release build. A script whose
# Python packages are not installed is named and left out.
#
#   Tests/Reference/check.sh [--long]
#
# GLM_PYTHON: the interpreter. Without it, python3 in an environment of its own, .build/clients, into which the libraries of clients
# (requirements-clients.txt) are installed once, where the network has them.
#
# --long: also what takes minutes (all fixtures anew, which must come out as they are stored; the middle-sized checkpoint).
set -eu
cd "$(dirname "$0")/../.."
clients=.build/clients
if [ -n "${GLM_PYTHON:-}" ]; then
    python=$GLM_PYTHON
elif [ -e "$clients/complete" ] || { python3 -m venv --system-site-packages "$clients" \
    && timeout 300 "$clients/bin/pip" install -q --disable-pip-version-check --timeout 10 --retries 1 -r Tests/Reference/requirements-clients.txt \
    && touch "$clients/complete"; } >&2; then
    python=$PWD/$clients/bin/python
else
    echo "Tests/Reference: the libraries of clients could not be installed" >&2
    python=python3
fi
bin=$PWD/.build/release
model=$PWD/Tests/Fixtures/tiny-f32
answers=$PWD/Tests/Fixtures/tiny-answer-f32
out=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || { kill "$gateway"; wait "$gateway" || true; }; rm -rf "$out"' EXIT
ran= skipped=

# has PACKAGE...: whether Python finds them all.
has() { "$python" -c 'import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))' "$@" 2>/dev/null; }
# check NAME 'PACKAGE...' COMMAND...
check() {
    name=$1 packages=$2
    shift 2
    # shellcheck disable=SC2086
    if ! has $packages; then
        skipped="$skipped $name"
        return
    fi
    if ! "$@" >"$out/log" 2>&1; then
        echo "Tests/Reference: $name failed:" >&2
        tail -n 30 "$out/log" >&2
        exit 1
    fi
    ran="$ran $name"
}
all='torch transformers diffusers'

check estimate.py '' "$python" deploy/ascend/estimate.py --check

"$bin/glm-gateway" --run-directory "$out/run" --start all --model "$model" --model "$answers" --http 127.0.0.1:0 >"$out/ready" 2>"$out/gateway" &
gateway=$!
until grep -q '^ready' "$out/ready"; do
    kill -0 "$gateway" || { cat "$out/gateway" >&2; exit 1; }
    sleep 0.05
done
check grpc_client.py 'grpc grpc_reflection' "$python" Tests/Reference/grpc_client.py "unix:$out/run/gateway.sock" 'a cat' "$out/a.png" --size 64x64 --steps 1 --seed 1
url=$(sed -n 's/.*address=\(http[^ ]*\).*/\1/p' "$out/gateway")
check http_client.py openai "$python" Tests/Reference/http_client.py "$url"
check node_requests.py '' "$python" Tests/Reference/node_requests.py "$url"
check chat_clients.py 'litellm langchain_openai' "$python" Tests/Reference/chat_clients.py "$url"
check zai_client.py zai "$python" Tests/Reference/zai_client.py "$url"
check labels.py PIL "$python" Tests/Reference/labels.py "$url"

# With the repository's own models, which draw and answer in seconds.
page() {
    "$bin/glm-gateway" --run-directory "$out/page" --start all --http 127.0.0.1:0 >"$out/page-ready" 2>"$out/page-log" &
    page=$!
    until grep -q '^ready' "$out/page-ready"; do kill -0 "$page" || return 1; sleep 0.05; done
    "$python" Tests/Reference/page_client.py "$(sed -n 's/.*address=\(http[^ ]*\).*/\1/p' "$out/page-log")" || { kill "$page"; return 1; }
    kill "$page"
}
if command -v chromium >/dev/null; then check page_client.py playwright page; else echo 'Tests/Reference: page_client.py not run, since there is no chromium'; fi

reference() {
    "$python" Tests/Reference/make_reference.py "$model" "$out/reference.safetensors" --prompt 'a red "A"' --height 64 --width 64 --steps 2
    "$bin/glm" verify "$model" "$out/reference.safetensors"
}
check make_reference.py "$all" reference
question() {
    "$python" Tests/Reference/make_reference.py "$answers" "$out/question.safetensors" --task visual-question --prompt 'What is it?' \
        --image Tests/Fixtures/images/grey.png --tokens 4
    "$bin/glm" verify "$answers" "$out/question.safetensors"
}
check 'make_reference.py --task visual-question' "$all" question
check 'bench_torch.py of a question model' "$all" "$python" Tests/Reference/bench_torch.py "$answers" --seconds 0.01 --side 64 --dtype f32
check bench_torch.py "$all" "$python" Tests/Reference/bench_torch.py "$model" --seconds 0.01 --side 64 --dtype f32
check bench_alternating.py "$all" "$python" Tests/Reference/bench_alternating.py "$bin/glm" "$model" --rounds 2 --seconds 0.01 --side 64 --precision f32
check bench_picture.py "$all" "$python" Tests/Reference/bench_picture.py "$bin/glm" Sources/GLMTiny/glm-tiny --rounds 1 --steps 1 --pictures 1 --dtype f32

fixtures() {
    cp -R Tests/Fixtures "$out/fixtures"
    "$python" Tests/Reference/make_fixtures.py --into "$out/fixtures" "$@" && diff -r Tests/Fixtures "$out/fixtures"
}
if [ "${1:-}" = --long ]; then
    check 'make_fixtures.py' "$all" fixtures
    check make_midsize.py "$all" "$python" Tests/Reference/make_midsize.py "$out/midsize"
else
    check 'make_fixtures.py --only randn' "$all" fixtures --only randn
fi

echo "Tests/Reference: ran$ran"
[ -z "$skipped" ] || echo "Tests/Reference: not run, since $python lacks what Tests/Reference/requirements.txt names:$skipped"
