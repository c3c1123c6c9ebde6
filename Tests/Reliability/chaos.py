"""Breaks the processes of a fleet in every way that we know, under a steady load of requests whose images are known, and counts.

usage: chaos.py [MINUTES] [PHASE...]      default: 20 minutes, all phases; SEED chooses the order of what is broken

No image may be wrong and no caller may hang. Connections may break only where the gateway was killed. Needs grpcio, grpcio-tools; root for
the phase `disk` (a file system of its own) and `descriptors` of other users' processes. Prints a line of JSON for each phase, then the sum.
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

import grpc
from fleet import Fleet, digest, messages

CALLERS = 6
DEADLINE = 90
RANDOM = random.Random(int(os.environ.get("SEED", "1")))


def cases():
    """Requests of different sizes and lengths; a fifth are edits."""
    for index in range(25):
        colour, shape = ("red", "blue", "green")[index % 3], ("circle", "cross", "square", "diamond")[index // 3 % 4]
        yield dict(
            prompt=f'a {colour} {shape} above a grey square "HI"', width=32 * (2 + index % 3), height=64, seed=100 + index, steps=2 + index % 2,
            is_edit=index % 5 == 4,
        )  # fmt: skip


class Cases:
    """The requests with their images, drawn before anything is broken."""

    def __init__(self):
        fleet = Fleet()
        client = fleet.client()
        source = client.image(messages.GenerateImageRequest(prompt="a green cross", width=64, height=64, steps=2, seed=7))
        self.requests = []
        for case in cases():
            case["images"] = [source] if case.pop("is_edit") else []
            self.requests.append(messages.GenerateImageRequest(**case))
        self.images = [digest(client.image(request, timeout=DEADLINE)) for request in self.requests]
        client.close()
        fleet.stop()
        fleet.remove()

    def choose(self, chooser):
        index = chooser.randrange(len(self.requests))
        return self.requests[index], self.images[index]


class Load:
    """Callers that ask one request after the other."""

    def __init__(self, fleet, cases):
        self.fleet, self.cases = fleet, cases
        self.answers = []  # (begin, seconds, kind, words)
        self.is_over = False
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        chooser, client = random.Random(number), self.fleet.client()
        while not self.is_over:
            request, expected = self.cases.choose(chooser)
            begin = time.time()
            try:
                kind, words = ("right" if digest(client.image(request, timeout=DEADLINE)) == expected else "wrong"), ""
            except grpc.RpcError as error:
                kind, words = self.kind(error), f"{error.code().name}: {error.details()}"[:200]
            except RuntimeError as error:
                kind, words = "wrong", str(error)
            self.answers.append((begin, time.time() - begin, kind, words))
            if kind != "right":
                time.sleep(0.3)
        client.close()

    @staticmethod
    def kind(error):
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
            return "hung"
        transport = ("Socket closed", "onnect", "recvmsg", "GOAWAY", "RST_STREAM", "ransport", "Broken pipe")
        return "broken" if any(word in (error.details() or "") for word in transport) else "refused"

    def end(self):
        """Returns the callers that are still waiting."""
        self.is_over = True
        limit = time.time() + DEADLINE + 10
        for thread in self.threads:
            thread.join(max(0, limit - time.time()))
        return sum(thread.is_alive() for thread in self.threads)


class Phase:
    """One way to break a fleet, again and again for a while."""

    def __init__(self, fleet, cases):
        self.fleet, self.cases = fleet, cases
        self.events = []  # times
        self.notes = {}

    def stage(self):
        """A stage that lives, and its process; None: none does."""
        stages = self.fleet.stages()
        name = RANDOM.choice(sorted(stages)) if stages else None
        return stages.get(name)

    def signal(self, number):
        process = self.stage()
        if process:
            os.kill(process, number)
            self.events.append(time.time())

    def finish(self):
        """After the last event, while the fleet lives."""


class Kill(Phase):
    def step(self):
        self.signal(signal.SIGKILL)
        time.sleep(RANDOM.uniform(1.5, 3.5))


class Crash(Phase):
    def step(self):
        self.signal(RANDOM.choice([signal.SIGSEGV, signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGTRAP]))
        time.sleep(RANDOM.uniform(2, 4))


class All(Phase):
    """All stages at once."""

    def step(self):
        for process in self.fleet.stages().values():
            os.kill(process, signal.SIGKILL)
        self.events.append(time.time())
        time.sleep(8)


class Pause(Phase):
    """Stopped for a moment, and continued."""

    def step(self):
        process = self.stage()
        if process:
            os.kill(process, signal.SIGSTOP)
            self.events.append(time.time())
            time.sleep(RANDOM.uniform(0.5, 6))
            try:
                os.kill(process, signal.SIGCONT)
            except ProcessLookupError:
                pass
        time.sleep(1.5)


class Hang(Phase):
    """Stopped, and never continued: the gateway has to notice."""

    def step(self):
        self.signal(signal.SIGSTOP)
        time.sleep(RANDOM.uniform(20, 30))


class Sockets(Phase):
    """The sockets of stages are removed, as a cleaner of temporary folders does."""

    def step(self):
        sockets = [file for file in (self.fleet.folder / "run").glob("*.sock") if file.name != "gateway.sock"]
        if sockets:
            RANDOM.choice(sorted(sockets)).unlink(missing_ok=True)
            self.events.append(time.time())
        time.sleep(RANDOM.uniform(6, 12))


class Jobs(Phase):
    """Keeps jobs with the gateway, and wants each image once."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.jobs = {}  # id -> expected image

    def submit(self, count):
        client = self.fleet.client()
        for _ in range(count):
            request, expected = self.cases.choose(RANDOM)
            try:
                self.jobs[client.submit(request)] = expected
            except grpc.RpcError as error:
                self.notes[f"not taken: {error.code().name}"] = self.notes.get(f"not taken: {error.code().name}", 0) + 1
        client.close()

    def finish(self):
        client, limit = self.fleet.client(), time.time() + DEADLINE
        while any(job.state in (1, 2) for job in client.jobs().values()) and time.time() < limit:
            time.sleep(0.5)
        states = client.jobs()
        done = [job for job in self.jobs if job in states and states[job].state == 3]
        right = sum(digest(client.fetch(job)) == self.jobs[job] for job in done)
        self.notes["jobs"] = {"taken": len(self.jobs), "right": right, "wrong": len(done) - right, "lost": len(self.jobs) - len(done)}
        for job in set(self.jobs) - set(done):
            self.notes[f"job {job}"] = str(states[job])[:300] if job in states else "is not in the list"
        client.close()


class Gateway(Jobs):
    """The gateway is killed with jobs in flight, and started again."""

    def step(self):
        self.submit(3)
        time.sleep(RANDOM.uniform(0, 1.5))
        self.fleet.gateway.kill()
        self.fleet.gateway.wait()
        self.events.append(time.time())
        time.sleep(0.5)
        self.fleet.start()
        time.sleep(RANDOM.uniform(4, 8))


class Disk(Jobs):
    """The file system of the jobs is full for a while. Needs root."""

    def __init__(self, fleet, cases):
        super().__init__(fleet, cases)
        fleet.stop()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", fleet.state], check=True)
        fleet.start()

    def finish(self):
        super().finish()
        self.notes["bytes free"] = shutil.disk_usage(self.fleet.state).free

    def step(self):
        self.submit(3)
        filler = self.fleet.state / "filler"
        try:
            with open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            self.events.append(time.time())
        time.sleep(RANDOM.uniform(2, 6))
        filler.unlink()
        time.sleep(RANDOM.uniform(4, 8))


class Descriptors(Phase):
    """The gateway may open no more files for a while, and a stage is killed meanwhile."""

    def step(self):
        process = self.fleet.gateway.pid
        free = resource.prlimit(process, resource.RLIMIT_NOFILE)
        taken = len(os.listdir(f"/proc/{process}/fd"))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (taken, free[1]))
        self.signal(signal.SIGKILL)
        time.sleep(RANDOM.uniform(3, 6))
        resource.prlimit(process, resource.RLIMIT_NOFILE, free)
        time.sleep(RANDOM.uniform(4, 8))


PHASES = {phase.__name__.lower(): phase for phase in (Kill, Crash, All, Pause, Hang, Sockets, Gateway, Disk, Descriptors)}


def rank(values, share):
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 2) if values else None


def run(name, seconds, cases):
    """One phase; returns what was counted."""
    fleet = Fleet()
    phase = PHASES[name](fleet, cases)
    load = Load(fleet, cases)
    time.sleep(3)
    end = time.time() + seconds
    while time.time() < end:
        phase.step()
    still_waiting = load.end()
    phase.finish()
    code, processes, sockets = fleet.stop()
    if isinstance(phase, Disk):
        subprocess.run(["umount", fleet.state], check=True)
    kinds = [answer[2] for answer in load.answers]
    ends = [(begin, begin + took) for begin, took, kind, _ in load.answers if kind == "right"]
    # From an event to the first right answer of a request that began after it.
    recovery = [min((last for begin, last in ends if begin >= event), default=None) for event in phase.events]
    recovery = [last - event for event, last in zip(phase.events, recovery) if last]
    words = {}
    for answer in load.answers:
        if answer[2] != "right":
            words[answer[3]] = words.get(answer[3], 0) + 1
    counted = dict(
        phase=name, events=len(phase.events), sent=len(kinds) + still_waiting, right=kinds.count("right"), wrong=kinds.count("wrong"),
        refused=kinds.count("refused"), broken=kinds.count("broken"), hung=kinds.count("hung") + still_waiting,
        seconds_p50=rank([answer[1] for answer in load.answers], 0.5), seconds_p99=rank([answer[1] for answer in load.answers], 0.99),
        recovery_p50=rank(recovery, 0.5), recovery_p99=rank(recovery, 0.99), exit=code, left=processes + sockets, words=words, **phase.notes,
    )  # fmt: skip
    print(json.dumps(counted), flush=True)
    jobs = counted.get("jobs", {})
    counted["is_well"] = not (
        counted["wrong"] or counted["hung"] or code or processes or sockets or jobs.get("wrong") or jobs.get("lost")
        or (counted["broken"] and name != "gateway")
    )  # fmt: skip
    if counted["is_well"]:
        fleet.remove()
    else:
        print(f"{name}: see {fleet.folder}/log", flush=True)
    return counted


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    names = sys.argv[2:] or [name for name in PHASES if name != "disk" or os.geteuid() == 0]
    cases_ = Cases()
    counted = [run(name, minutes * 60 / len(names), cases_) for name in names]
    sums = {key: sum(phase[key] for phase in counted) for key in ("events", "sent", "right", "wrong", "refused", "broken", "hung")}
    print(json.dumps(dict(phase="all", **sums)))
    failed = [phase["phase"] for phase in counted if not phase["is_well"]]
    print("well" if not failed else "not well: " + ", ".join(failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
