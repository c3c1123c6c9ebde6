#!/bin/bash
# Runs the fleet in a container, or one command with the same cards:
#
#   run.sh MODEL_DIR [CARD ...]                  cards as in /dev/davinci0; default: 0
#   run.sh MODEL_DIR [CARD ...] -- COMMAND ...   the model is /model there
#
# KEYS is a folder with keys.json, as glm keys makes it, for the fleet. DOCKER=podman for podman, IMAGE for another name than glm, TOPOLOGY for a file of this machine instead of one-card.yaml.
set -euo pipefail

model="$(realpath "${1:?MODEL_DIR is missing}")"
shift
cards=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do cards+=("$1"); shift; done
[ ${#cards[@]} -gt 0 ] || cards=(0)

options=(--rm --security-opt no-new-privileges --volume "$model:/model:ro" --env GLM_MODEL=/model)
for card in "${cards[@]}"; do options+=(--device "/dev/davinci$card"); done
for device in davinci_manager devmm_svm hisi_hdc; do options+=(--device "/dev/$device"); done
[ ! -e /dev/dvpp_cmdlist ] || options+=(--device /dev/dvpp_cmdlist)
# What the driver brings; the rest of CANN is in the image.
for path in /usr/local/dcmi /usr/local/bin/npu-smi /usr/local/Ascend/driver/lib64 /usr/local/Ascend/driver/version.info /etc/ascend_install.info; do
    [ ! -e "$path" ] || options+=(--volume "$path:$path:ro")
done

if [ $# -gt 0 ]; then
    shift
    [ ! -t 0 ] || options+=(--interactive --tty)
    exec "${DOCKER:-docker}" run "${options[@]}" "${IMAGE:-glm}" "$@"
fi
# The folder: a mounted file would stay the old one when it is replaced.
options+=(--volume "$(realpath "${KEYS:?KEYS is missing: a folder for glm keys add NAME --keys FOLDER/keys.json}"):/etc/glm-keys:ro")
topology=/usr/share/glm/topologies/one-card.yaml
[ -z "${TOPOLOGY:-}" ] || options+=(--volume "$(realpath "$TOPOLOGY"):$topology:ro")
# The gateway's ports are not encrypted: they are for this machine. 150 s: --drain-deadline and the end of the stages.
exec "${DOCKER:-docker}" run --name glm --stop-timeout 150 --volume glm-state:/var/lib/glm \
    --publish 127.0.0.1:50051:50051 --publish 127.0.0.1:9464:9464 "${options[@]}" "${IMAGE:-glm}"
