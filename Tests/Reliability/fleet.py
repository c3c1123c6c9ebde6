"""A fleet of the real programs for the scripts beside this one: started in a folder of its own, asked over gRPC, broken by hand."""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GLM_BIN", ROOT / ".build/release"))

_generated = tempfile.mkdtemp(prefix="glm-proto-")
subprocess.run(
    [sys.executable, "-m", "grpc_tools.protoc", "-I", ROOT / "proto", f"--python_out={_generated}"]
    + [file.name for file in sorted((ROOT / "proto").glob("*.proto"))],
    check=True,
)
sys.path.insert(0, _generated)
import gateway_pb2 as messages  # noqa: E402
import grpc  # noqa: E402

shutil.rmtree(_generated)

TOPOLOGY = """cards: [cpu]
stages:
  vision: {replicas: 1, threads: 1}
  text: {replicas: 2, threads: 1}
  diffusion: {replicas: 2, threads: 1, precision: f32}
limits: {pixels: 262144, queue: 64, sources: 2}
"""
CHANNEL = [
    ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.default_authority", "localhost"),
]  # fmt: skip


def digest(image):
    return hashlib.sha256(image).hexdigest()


class Client:
    """The gateway's methods, one caller."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=CHANNEL)

    def call(self, method, request, answer, timeout=None):
        stub = self.channel.unary_unary(method, type(request).SerializeToString, answer.FromString)
        return stub(request, timeout=timeout)

    def stream(self, method, request, event, timeout=None):
        return self.channel.unary_stream(method, type(request).SerializeToString, event.FromString)(request, timeout=timeout)

    def image(self, request, timeout=None):
        """The bytes of the picture."""
        for event in self.stream("/glm.v1.Gateway/Generate", request, messages.GenerateImageEvent, timeout):
            if event.HasField("image"):
                return event.image.image
        raise RuntimeError("the stream ended without an image")

    def status(self):
        return self.call("/glm.v1.Gateway/Status", messages.StatusRequest(), messages.FleetStatus, timeout=20)

    def submit(self, request):
        return self.call("/glm.v1.Jobs/Submit", messages.SubmitJobRequest(request=request), messages.Job, timeout=20).id

    def jobs(self):
        return {job.id: job for job in self.call("/glm.v1.Jobs/List", messages.ListJobsRequest(), messages.JobList, timeout=20).jobs}

    def fetch(self, job):
        return self.call("/glm.v1.Jobs/Fetch", messages.JobRequest(id=job), messages.GeneratedImage, timeout=20).image

    def close(self):
        self.channel.close()


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
