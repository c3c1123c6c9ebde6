"""Images a second with and without deadlines, for more callers than the fleet can serve in time.

usage: goodput.py [SECONDS]      default: 20, for each load; CALLERS: default 64; DEADLINE: seconds, default 3; PAUSE: seconds, default 0.3

The callers are threads of one process, which a gateway takes for one caller. What is refused is asked again after PAUSE: where callers and fleet
share few cores, a short one takes from the fleet what its pictures need. Needs grpcio, grpcio-tools.
"""

import json
import os
import sys
import threading
import time

import grpc
from fleet import Fleet, messages

CALLERS = int(os.environ.get("CALLERS", "64"))
PAUSE = float(os.environ.get("PAUSE", "0.3"))
DEADLINE = float(os.environ.get("DEADLINE", "3"))


def load(fleet, seconds, timeout):
    """(images a second, ends without an image by status)."""
    done, ends, lock, begin = 0, {}, threading.Lock(), time.time()

    def call(number):
        nonlocal done
        client, seed = fleet.client(), number * 100_000
        while time.time() < begin + seconds:
            seed += 1
            try:
                client.image(messages.GenerateImageRequest(prompt="a red circle", width=64, height=64, seed=seed, steps=2), timeout=timeout)
                with lock:
                    done += 1
            except grpc.RpcError as error:
                with lock:
                    ends[error.code().name] = ends.get(error.code().name, 0) + 1
                time.sleep(PAUSE)

    threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done / (time.time() - begin), ends


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    fleet = Fleet()
    for timeout in (60, DEADLINE, 60):
        rate, ends = load(fleet, seconds, timeout)
        print(json.dumps({"timeout": timeout, "images_a_second": round(rate, 2), "ends": ends}), flush=True)
    fleet.stop()
    fleet.remove()


main()
