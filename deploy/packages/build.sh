#!/bin/sh
# Makes the Debian packages of this clone, for the Debian or Ubuntu that it runs on:
#
#   deploy/packages/build.sh [--build-folder DIR] [FOLDER]
#
# glm: the client, the Swift runtime that all programs share. glm-server: gateway, stages, units, configuration. They are
# put into FOLDER, by default .build/packages. DIR: a release build that is there, which is then copied and not made.
# Needs Swift, whose runtime is packaged; the rest is installed. The same commit, build and system give the same bytes.
set -eu
cd "$(dirname "$0")/../.."
usage() { echo "usage: $0 [--build-folder DIR] [FOLDER]" >&2; exit 2; }
build=
case ${1:-} in
    --build-folder) [ $# -ge 2 ] || usage; build=$(realpath "$2"); shift 2 ;;
    -*) usage ;;
esac
[ $# -le 1 ] || usage
folder=${1:-.build/packages}

deploy/setup.sh --packages
if [ -z "$build" ]; then
    swift build -c release >&2
    build=$(swift build -c release --show-bin-path)
fi
# Licences are those of what was compiled.
checkouts=$(realpath -m "$build/../../checkouts")
[ -d "$checkouts" ] || { echo "build.sh: there is no $checkouts with the sources of what $build links" >&2; exit 1; }
runtime=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["paths"]["runtimeLibraryPaths"][0])')

# Everything carries the time of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8
release=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/ServerKit/Build.swift)
commit=$(git rev-parse --short=8 HEAD)
version=$release
git describe --exact-match --match "v$release" >/dev/null 2>&1 || version="$release+git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M%S).$commit"
maintainer=$(git log -1 --format='%an <%ae>')
[ -z "${DEBEMAIL:-}" ] || maintainer="${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/glm
mkdir -p "$tree/lib" "$tree/units" "$tree/manual" "$tree/share" "$tree/etc" "$tree/bash" "$tree/zsh" "$tree/fish"
cp -r deploy/packages/debian "$tree/"

# Programs find the libraries beside them, and no toolchain's.
for program in glm glm-gateway glm-vision glm-text glm-diffusion; do
    cp "$build/$program" "$tree/lib/"
    # shellcheck disable=SC2016  # for the loader
    chrpath -r '$ORIGIN' "$tree/lib/$program" >/dev/null
done
LD_LIBRARY_PATH=$runtime ldd "$tree"/lib/glm* | awk -v folder="$runtime/" 'index($3, folder) == 1 { print $3 }' | sort -u | xargs cp -t "$tree/lib"

# What a program says of its options, as a manual page and as completions.
for program in "$tree"/lib/glm*; do
    name=$(basename "$program")
    "$program" --experimental-dump-help | python3 deploy/packages/manual.py "$version" >"$tree/manual/$name.1"
    # Sourced, not run.
    "$program" --generate-completion-script bash | sed '1{/^#!/d}' >"$tree/bash/$name"
    "$program" --generate-completion-script zsh >"$tree/zsh/_$name"
    "$program" --generate-completion-script fish >"$tree/fish/$name.fish"
done

cp -r Sources/GLMTiny/glm-tiny Sources/GLMTiny/glm-tiny-v deploy/topologies "$tree/share/"
cp deploy/systemd/gateway.env "$tree/etc/"
cp deploy/topologies/cpu.yaml "$tree/etc/topology.yaml"
cp deploy/systemd/glm-* "$tree/units/"
cp deploy/systemd/text-0.env deploy/ascend/systemd/ascend.conf deploy/ascend/systemd/make-env.sh .github/CHANGELOG.md "$tree/"

python3 deploy/packages/copyright.py "$checkouts" >"$tree/debian/copyright"
sed -i "s/@MAINTAINER@/$maintainer/" "$tree/debian/control"
cat >"$tree/debian/changelog" <<END
glm ($version-1) unstable; urgency=medium

  * Commit $commit. What is new is in /usr/share/doc/glm/changelog.gz.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
(cd "$tree" && dpkg-buildpackage --build=binary --no-check-builddeps --no-sign >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 1; }

mkdir -p "$folder"
cp "$work"/*.deb "$folder/"
for package in "$work"/*.deb; do echo "$folder/$(basename "$package")"; done
