"""Asks a fleet for a long time, and tells what its processes hold: memory by the hour, descriptors, threads.

usage: soak.py [MINUTES]      default: 120; RATE: requests a second, default 4

A fifth of the requests is left after its first progress; of all, a fifth are edits. Every image must be the one that the same request gave at
the start. The slope is fitted to the samples after the first sixth. Needs grpcio, grpcio-tools.
"""

import json
import os
import pathlib
import random
import sys
import threading
import time

import grpc
from chaos import Cases
from fleet import Fleet, digest, messages

RATE = float(os.environ.get("RATE", "4"))
CALLERS = 8


class Callers:
    def __init__(self, fleet, cases):
        self.fleet, self.cases = fleet, cases
        self.counts = dict(right=0, wrong=0, failed=0, left=0)
        self.words = {}
        self.is_over = False
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        chooser, client = random.Random(number), self.fleet.client()
        while not self.is_over:
            begin = time.time()
            request, expected = self.cases.choose(chooser)
            try:
                if chooser.randrange(5) == 0:
                    self.leave(client, request)
                    self.counts["left"] += 1
                else:
                    is_right = digest(client.image(request, timeout=120)) == expected
                    self.counts["right" if is_right else "wrong"] += 1
            except grpc.RpcError as error:
                self.counts["failed"] += 1
                words = f"{error.code().name}: {error.details()}"[:200]
                self.words[words] = self.words.get(words, 0) + 1
            except RuntimeError as error:
                self.counts["wrong"] += 1
                self.words[str(error)] = self.words.get(str(error), 0) + 1
            time.sleep(max(0, CALLERS / RATE - (time.time() - begin)))

    @staticmethod
    def leave(client, request):
        call = client.stream("/glm.v1.Gateway/Generate", request, messages.GenerateImageEvent, 120)
        for event in call:
            if event.HasField("progress"):
                break
        call.cancel()


def sample(process):
    """Resident MiB, descriptors, threads."""
    folder = pathlib.Path(f"/proc/{process}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024, len(list((folder / "fd").iterdir())), int(status["Threads"])


def slope(points):
    """Of the straight line through (hours, MiB) with the least squares."""
    count = len(points)
    x, y = sum(p[0] for p in points) / count, sum(p[1] for p in points) / count
    spread = sum((p[0] - x) ** 2 for p in points)
    return sum((p[0] - x) * (p[1] - y) for p in points) / spread if spread else 0.0


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 120
    cases = Cases()
    fleet = Fleet()
    processes = {"gateway": fleet.gateway.pid, **fleet.stages()}
    callers = Callers(fleet, cases)
    begin, samples, lost = time.time(), {name: [] for name in processes}, set()
    while (passed := time.time() - begin) < minutes * 60:
        for name, process in processes.items():
            try:
                samples[name].append((passed / 3600, *sample(process)))
            except OSError:
                lost.add(name)
        if len(samples["gateway"]) % 20 == 1:
            now = {name: round(values[-1][1]) for name, values in samples.items()}
            print(json.dumps(dict(minute=round(passed / 60), **callers.counts, mib=now)), flush=True)
        time.sleep(15)
    callers.is_over = True
    for thread in callers.threads:
        thread.join(130)
    for name, values in samples.items():
        later = [value for value in values if value[0] >= minutes / 360]
        print(json.dumps(dict(
            process=name, mib=[round(values[0][1], 1), round(later[0][1], 1), round(values[-1][1], 1)], mib_an_hour=round(slope(later), 2),
            descriptors=[values[0][2], values[-1][2]], threads=[values[0][3], values[-1][3]],
        )), flush=True)  # fmt: skip
    hung = sum(thread.is_alive() for thread in callers.threads)
    print(json.dumps(dict(minutes=minutes, **callers.counts, hung=hung, lost=sorted(lost), words=callers.words)))
    code, *left = fleet.stop()
    fleet.remove()
    sys.exit(1 if callers.counts["wrong"] or callers.counts["failed"] or hung or lost or code or any(left) else 0)


if __name__ == "__main__":
    main()
