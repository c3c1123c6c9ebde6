#!/bin/sh
# Makes a picture from a prompt, from nothing but a clone: installs the Debian packages, builds, draws with the checkpoint
# that the repository carries. Takes the arguments of `glm generate`.
set -eu
cd "$(dirname "$0")/.."
deploy/setup.sh
swift build -c release >&2
exec .build/release/glm generate "$@"
