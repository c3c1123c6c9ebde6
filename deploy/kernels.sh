#!/bin/sh
# The CPU's kernels on the cases of Tests/Kernels: those of this machine, then those of aarch64 under user-mode emulation: as a processor
# with NEON alone, as one with products of int8 too (Kunpeng 920), and as one with everything that the emulator knows. Needs clang with lld (Swift's own will do), and for aarch64 the
# Debian packages qemu-user and libc6-dev-arm64-cross; where they are missing it says so. Takes a minute and a half of one core.
set -eu
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# build FOLDER FLAGS OF CLANG...: compiles kernels and cases, as many files at a time as there are processors.
build() {
    mkdir "$out/$1"
    (cd "$out/$1" && shift && printf '%s\n' "$repository"/Sources/CKernels/*.c "$repository"/Tests/Kernels/*.c \
        | xargs -P "$(nproc)" -n 1 clang -O2 -Wall -Wextra -Werror -I"$repository/Sources/CKernels/include" "$@" -c)
}
repository=$(pwd)

build native
clang -fuse-ld=lld "$out"/native/*.o -o "$out/native/kernels" -lpthread -ldl -lm
"$out/native/kernels"

root=/usr/aarch64-linux-gnu
[ "$(uname -m)" != aarch64 ] || exit 0
if ! command -v qemu-aarch64 >/dev/null || [ ! -e "$root/lib/crt1.o" ]; then
    echo "kernels.sh: the kernels of aarch64 were not run: install the Debian packages qemu-user and libc6-dev-arm64-cross" >&2
    exit
fi
# The C library's own start and end, and no libgcc: there is no compiler for aarch64 but clang.
build aarch64 --target=aarch64-linux-gnu -isystem "$root/include" -mno-outline-atomics
(cd "$root/lib" && clang --target=aarch64-linux-gnu -fuse-ld=lld -nostdlib -Wl,--dynamic-linker=/lib/ld-linux-aarch64.so.1 "$out"/aarch64/*.o \
    -o "$out/aarch64/kernels" crt1.o crti.o libm.so.6 libc.so.6 libc_nonshared.a ld-linux-aarch64.so.1 crtn.o)
qemu-aarch64 -L "$root" -cpu cortex-a72 "$out/aarch64/kernels" generic neon
qemu-aarch64 -L "$root" -cpu cortex-a76 "$out/aarch64/kernels" neon
qemu-aarch64 -L "$root" -cpu max "$out/aarch64/kernels" neonbf16 neonbf16+bf16
