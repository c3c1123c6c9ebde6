#!/bin/sh
# Compiles the C targets with the address and undefined-behaviour sanitizers and runs what drives them here: every kernel of every
# instruction set that this machine has, on operands that end where their memory ends; and the image codecs on whole files, changed
# files, and with each of their allocations failing once. Needs clang (Swift's own will do), libjpeg, libpng and libwebp; takes a minute or two.
#
#   Tests/Sanitizers/run.sh [SEED]
set -eu
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# Without optimization: instrumented, the inlined kernels take the optimizer many minutes.
flags='-O0 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fuse-ld=lld -Wall -Wextra'
seed=${1:-$(date +%N)}
echo "seed $seed"
clang $flags -ISources/CKernels/include Sources/CKernels/*.c Tests/Sanitizers/kernels.c -o "$out/kernels" -lpthread -ldl -lm
clang $flags -ISources/CImageCodecs/include Sources/CImageCodecs/*.c Tests/Sanitizers/images.c -o "$out/images" \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free -ljpeg -lpng -lwebp -lwebpdemux -lz
"$out/images" "$seed" Tests/Fixtures/images/*.png Tests/Fixtures/images/*.jpg Tests/Fixtures/images/*.webp
"$out/kernels" "$seed"
