#!/bin/sh
# The C code under the address and undefined-behaviour sanitizers: every kernel of every instruction set that this machine has, on
# operands that end where their memory ends; the image codecs on whole files, changed files, and with each of their allocations failing
# once; starting and waiting for processes; the loader of CANN and the reader of DCMI against the stand-in. The decoder of messages is
# under them in deploy/fuzz.sh. Needs clang (Swift's own will do), libjpeg, libpng and libwebp; takes a minute or two.
#
#   deploy/sanitize.sh [SEED]
#   deploy/sanitize.sh --thread [FILTER]     the tests of the servers' libraries under the thread sanitizer, in .build/thread: their first
#                                            build takes half an hour of two cores; FILTER: as of `swift test`. Ten times slower than
#                                            usual, tests that keep times may fail: what counts is that nothing is reported
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --thread ]; then
    export TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/Tests/Sanitizers/thread.supp ${TSAN_OPTIONS:-}"
    exec swift test --sanitize=thread --scratch-path .build/thread --skip LineTests \
        --filter "${2:-WireTests|ServerKitTests|GatewayTests|JobsTests|BucketsTests|TelemetryTests|HTTPServingTests|HTTPAPITests|KeysTests|TracesTests|OTLPTests}"
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# Without optimization: instrumented, the inlined kernels take the optimizer many minutes.
flags='-O0 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fuse-ld=lld -Wall -Wextra'
seed=${1:-$(date +%N)}
echo "seed $seed"

# build NAME ARGUMENTS OF CLANG...: what drives a target.
build() {
    name=$1
    shift
    # shellcheck disable=SC2086  # several flags
    clang $flags "Tests/Sanitizers/$name.c" "$@" -o "$out/$name"
}

build kernels -ISources/CKernels/include Sources/CKernels/*.c -lpthread -ldl -lm
build images -ISources/CImageCodecs/include Sources/CImageCodecs/*.c -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free -ljpeg -lpng \
    -lwebp -lwebpdemux -lz
build processes -ISources/CProcess/include Sources/CProcess/*.c
build ascend -ISources/CAscend/include -ISources/CCards/include Sources/CAscend/*.c Sources/CCards/*.c -ldl
mkdir -p "$out/cann/lib64"
# shellcheck disable=SC2086  # several flags
clang $flags -shared -fPIC -DCA_PROTOTYPES -ITests/AscendStandIn/include -ITests/AscendStandIn -ISources/CAscend/include \
    Tests/AscendStandIn/*/*.c -o "$out/cann/lib64/libascendcl.so" -lpthread -lm
ln -s libascendcl.so "$out/cann/lib64/libnnopbase.so"
ln -s libascendcl.so "$out/cann/lib64/libopapi.so"

"$out/images" "$seed" Tests/Fixtures/images/*.png Tests/Fixtures/images/*.jpg Tests/Fixtures/images/*.webp
"$out/processes"
ASCEND_HOME_PATH="$out/cann" "$out/ascend" "$out/cann/lib64/libascendcl.so"
"$out/kernels" "$seed"
