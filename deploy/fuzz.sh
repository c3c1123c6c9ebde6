#!/bin/sh
# Fuzzes what reads bytes of strangers, with libFuzzer and the address and undefined-behaviour sanitizers. A finding ends the script
# with exit code 1; the input that shows it is written into the current directory.
#
#   deploy/fuzz.sh [SECONDS] [TARGET...]     SECONDS for each target, default 60; TARGET: the name of a file in Tests/Fuzz, default all
#
# Needs clang with libFuzzer (Swift's own will do).
set -eu
here=$(pwd)
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(basename -s .c Tests/Fuzz/*.c)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fuse-ld=lld -Wall -Wextra'

# fuzz TARGET SEEDS [OPTIONS OF LIBFUZZER...]: runs a built target on copies of the files.
fuzz() {
    target=$1 seeds=$2
    shift 2
    mkdir "$out/$target.corpus"
    # shellcheck disable=SC2086  # a pattern
    cp $seeds "$out/$target.corpus"
    echo "fuzz.sh: $target, $seconds seconds" >&2
    "$out/$target" -max_total_time="$seconds" -artifact_prefix="$here/$target-" -print_final_stats=1 -verbosity=0 "$@" "$out/$target.corpus"
}

# image TARGET SEEDS
image() {
    # shellcheck disable=SC2086  # several flags
    clang $flags -ISources/CImageCodecs/include Sources/CImageCodecs/*.c "Tests/Fuzz/$1.c" -o "$out/$1" -ljpeg -lpng -lwebp -lwebpdemux -lz
    fuzz "$1" "$2" -max_len=65536
}

for target; do
    case $target in
    jpeg) image jpeg 'Tests/Fixtures/images/*.jpg' ;;
    png) image png 'Tests/Fixtures/images/*.png' ;;
    webp) image webp 'Tests/Fixtures/images/*.webp' ;;
    *) echo "fuzz.sh: there is no target $target in Tests/Fuzz" >&2; exit 2 ;;
    esac
done
