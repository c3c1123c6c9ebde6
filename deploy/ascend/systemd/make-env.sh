#!/bin/bash
# Writes what CANN's set_env.sh exports as a systemd EnvironmentFile: make-env.sh [SET_ENV] > /etc/glm/ascend.env
# To be run again after every update of CANN or the driver.
set -euo pipefail

if [ $# -gt 0 ]; then
    file="$1"
elif [ -r /usr/local/Ascend/ascend-toolkit/set_env.sh ]; then
    file=/usr/local/Ascend/ascend-toolkit/set_env.sh    # CANN 8
else
    file=/usr/local/Ascend/cann/set_env.sh              # CANN 9
fi
[ -r "$file" ] || { echo "$file can't be read; name CANN's set_env.sh as the argument" >&2; exit 1; }

# In a clean environment, so that nothing of this shell's gets into the service.
driver=/usr/local/Ascend/driver/lib64
# shellcheck disable=SC2016  # for the inner shell
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LD_LIBRARY_PATH="$driver:$driver/common:$driver/driver" FILE="$file" \
    bash -c 'set +u; . "$FILE" >&2; env' | grep -E '^(ASCEND_[A-Z_]+|TOOLCHAIN_HOME|LD_LIBRARY_PATH)=' | sort
