"""A fleet of the real programs for the scripts beside this one: started in a folder of its own, asked over gRPC, broken by hand."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from client import ROOT, Client, digest, messages

__all__ = ["Fleet", "digest", "messages"]

BIN = pathlib.Path(os.environ.get("GLM_BIN", ROOT / ".build/release"))

TOPOLOGY = """cards: [cpu]
stages:
  vision: {replicas: 1, threads: 1}
  text: {replicas: 2, threads: 1}
  diffusion: {replicas: 2, threads: 1, precision: f32}
limits: {pixels: 262144, queue: 64, sources: 2}
"""


class Fleet:
    """A gateway and the stages of its topology."""

    def __init__(self, flags=(), topology=TOPOLOGY):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glm-chaos-", dir="/tmp"))
        self.state = self.folder / "state"
        self.state.mkdir(mode=0o700)
        (self.folder / "topology.yaml").write_text(topology)
        self.flags = list(flags)
        self.address = f"unix:{self.folder}/run/gateway.sock"
        self.start()

    def start(self):
        """Starts the gateway; returns when all kinds serve."""
        command = [BIN / "glm-gateway", "--topology", self.folder / "topology.yaml", "--run-directory", self.folder / "run"]
        command += ["--state-directory", self.state, "--log-level", "warning", *self.flags]
        with open(self.folder / "log", "ab") as log:
            self.gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True)
        line = next((line for line in self.gateway.stdout if line.startswith(("ready", "failed"))), "")
        if not line.startswith("ready"):
            raise RuntimeError(f"the fleet did not start: {line}; see {self.folder}/log")

    def client(self):
        return Client(self.address)

    def stages(self):
        """Process ids by name, of the processes that are alive: `text-0`."""
        found = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            name = os.path.basename(words[0])
            if str(self.folder / "run") in words and name.startswith("glm-") and name != "glm-gateway" and state != "Z":
                instance = words[words.index("--instance") + 1] if "--instance" in words else "0"
                found[f"{name[4:]}-{instance}"] = int(entry.name)
        return found

    def stop(self):
        """Ends it as an operator does. Returns what is left: exit code, processes, files."""
        self.gateway.send_signal(signal.SIGTERM)
        try:
            code = self.gateway.wait(60)
        except subprocess.TimeoutExpired:
            self.gateway.kill()
            code = self.gateway.wait()
        left = sorted(self.stages()), sorted(file.name for file in (self.folder / "run").glob("*.sock"))
        for process in self.stages().values():
            os.kill(process, signal.SIGKILL)
        return code, *left

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
