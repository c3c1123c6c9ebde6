#!/bin/bash
# Sets CANN's environment and becomes the command, which so gets the container's signals.
set -e

driver=/usr/local/Ascend/driver/lib64
export LD_LIBRARY_PATH="$driver:$driver/common:$driver/driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
for file in /usr/local/Ascend/ascend-toolkit/set_env.sh /usr/local/Ascend/cann/set_env.sh; do
    if [ -r "$file" ]; then
        # shellcheck disable=SC1090  # the one that is there
        . "$file"
        break
    fi
done
exec "$@"
