"""Gateways and stages on the hosts of a scenario."""

import os
import pathlib
import subprocess
import urllib.request

from client import Client
from network import FOLDER, until

PROGRAMS = pathlib.Path(os.environ["HOSTS_PROGRAMS"])
SERVING = 1


class Stage:
    """One stage of the small model, of one thread."""

    def __init__(self, host, kind, *flags, port=50051):
        self.host, self.kind, self.address = host, kind, f"{host.address}:{port}"
        self.command = [PROGRAMS / f"glm-{kind}", "--listen", self.address, "--insecure-plaintext", "--threads", "1"]
        self.command += ["--run-directory", host.folder / "run", "--instance", host.name, *flags]
        self.start()

    def start(self):
        self.process = self.host.start(*self.command)

    def wait(self):
        """Returns once it serves."""
        self.process.wait_for(f"ready {self.address}")
        return self


class Gateway:
    """A gateway whose stages are elsewhere. Callers on other hosts need its key."""

    def __init__(self, host, stages, *flags, port=50050):
        """`stages`: what `--stage` gets: addresses, or `dns:NAME:PORT`."""
        self.host, self.address, self.http = host, f"{host.address}:{port}", f"{host.address}:8000"
        self.socket = f"unix:{host.folder}/run/gateway.sock"
        self.key = _key()
        self.command = [PROGRAMS / "glm-gateway", "--listen", self.address, "--insecure-plaintext", "--keys", FOLDER / "keys.json"]
        self.command += ["--run-directory", host.folder / "run", "--http", self.http]
        self.command += [word for stage in stages for word in ("--stage", stage)]
        self.command += flags
        self.start()

    def start(self):
        self.process = self.host.start(*self.command)

    def wait(self, *stages, seconds=30):
        """Returns once these stages serve, and no other does."""
        self.process.wait_for("ready ")
        addresses = sorted(stage.address for stage in stages)
        until(lambda: self.serving() == addresses, seconds, f"{self.host.name} sees {addresses}")
        return self

    def client(self):
        """A caller on this process's host."""
        return Client(self.address, self.key)

    def status(self):
        client = Client(self.socket)
        try:
            return client.status()
        finally:
            client.close()

    def serving(self):
        """Addresses of the stages that get requests."""
        return sorted(stage.address for stage in self.status().stages if stage.health == SERVING)

    def requests(self):
        """How many requests have a place in it."""
        page = urllib.request.Request(f"http://{self.http}/metrics", headers={"authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(page, timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("glm_gateway_requests ")))


def _key():
    """The key of all callers, in a file for all gateways."""
    kept = FOLDER / "key"
    if not kept.exists():
        command = [PROGRAMS / "glm", "keys", "add", "suite", "--keys", FOLDER / "keys.json", "--scope", "images,chat,fleet:read,fleet:write"]
        added = subprocess.run(command, capture_output=True, text=True)
        assert added.returncode == 0, added.stderr
        kept.write_text(next(word for word in added.stdout.split() if word.startswith("glm-")))
    return kept.read_text()
