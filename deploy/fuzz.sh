#!/bin/sh
# Fuzzes what reads bytes of strangers: the C decoders with libFuzzer under the address and undefined-behaviour sanitizers, then the Swift
# parsers with mutations of valid inputs (Tests/FuzzTests). A finding ends the script with exit code 1 and is in a file: a C target's in
# the current directory, a Swift parser's where the line with its name says.
#
#   deploy/fuzz.sh [SECONDS] [TARGET...]     SECONDS for each target, default 60; TARGET: the name of a file in Tests/Fuzz, or swift
#
# GLM_TEST_SEED=N repeats a run of the Swift parsers. An input that showed a fault belongs into Tests/Fixtures/fuzz/NAME, where NAME is its
# parser's or target's: every later run tries it first. Needs clang with libFuzzer (Swift's own will do).
set -eu
here=$(pwd)
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2046  # one word a file
[ $# -gt 0 ] || set -- $(basename -s .c Tests/Fuzz/*.c) swift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fuse-ld=lld -Wall -Wextra'

# fuzz TARGET SEEDS [OPTIONS OF LIBFUZZER...]: runs a built target on copies of the files.
fuzz() {
    target=$1 seeds=$2
    shift 2
    mkdir "$out/$target.corpus"
    for seed in $seeds Tests/Fixtures/fuzz/"$target"/*; do
        [ ! -e "$seed" ] || cp "$seed" "$out/$target.corpus"
    done
    echo "fuzz.sh: $target, $seconds seconds" >&2
    "$out/$target" -max_total_time="$seconds" -artifact_prefix="$here/$target-" -print_final_stats=1 -print_funcs=0 -verbosity=0 "$@" "$out/$target.corpus"
}

# image TARGET SEEDS
image() {
    # shellcheck disable=SC2086  # several flags
    clang $flags -ISources/CImageCodecs/include Sources/CImageCodecs/*.c "Tests/Fuzz/$1.c" -o "$out/$1" -ljpeg -lpng -lwebp -lwebpdemux -lz
    fuzz "$1" "$2" -max_len=65536
}

wire() {
    for header in Sources/CWire/include/*.pb-c.h; do echo "#include \"$(basename "$header")\""; done > "$out/CWire.h"
    sed -n 's/^extern const ProtobufCMessageDescriptor \(.*\);/\&\1,/p' Sources/CWire/include/*.pb-c.h > "$out/messages.inc"
    # shellcheck disable=SC2086  # several flags
    clang $flags -I"$out" -ISources/CWire/include Sources/CWire/*.pb-c.c Tests/Fuzz/wire.c -o "$out/wire" -lprotobuf-c
    fuzz wire '' -max_len=4096
}

for target; do
    case $target in
    jpeg) image jpeg 'Tests/Fixtures/images/*.jpg' ;;
    png) image png 'Tests/Fixtures/images/*.png' ;;
    wire) wire ;;
    swift) GLM_FUZZ_SECONDS=$seconds swift test -c release --disable-testable-imports --filter '^FuzzTests\.' ;;
    webp) image webp 'Tests/Fixtures/images/*.webp' ;;
    *) echo "fuzz.sh: there is no target $target in Tests/Fuzz" >&2; exit 2 ;;
    esac
done
