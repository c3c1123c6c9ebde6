"""A caller over gRPC, by the .proto files of the repository."""

import hashlib
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

_generated = tempfile.mkdtemp(prefix="glm-proto-")
_files = sorted((ROOT / "proto").glob("*.proto"))
subprocess.run(
    [sys.executable, "-m", "grpc_tools.protoc", "-I", ROOT / "proto", f"--python_out={_generated}"] + [file.name for file in _files],
    check=True,
)
sys.path.insert(0, _generated)
for _file in _files:  # Whoever imports one of them later finds it although the folder is gone.
    importlib.import_module(f"{_file.stem}_pb2")
import gateway_pb2 as messages  # noqa: E402
import grpc  # noqa: E402

shutil.rmtree(_generated)

# A gateway that starts again is found at once; the least back-off is also how long an attempt to connect may take.
CHANNEL = [
    ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 5000), ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.default_authority", "localhost"),
]  # fmt: skip


def digest(image):
    return hashlib.sha256(image).hexdigest()


class Client:
    """The gateway's methods, one caller. Without a key on a Unix socket alone."""

    def __init__(self, address, key=None):
        self.channel = grpc.insecure_channel(address, options=CHANNEL)
        self.metadata = [("authorization", f"Bearer {key}")] if key else None

    def call(self, method, request, answer, timeout=None):
        stub = self.channel.unary_unary(method, type(request).SerializeToString, answer.FromString)
        return stub(request, timeout=timeout, metadata=self.metadata)

    def stream(self, method, request, event, timeout=None):
        stub = self.channel.unary_stream(method, type(request).SerializeToString, event.FromString)
        return stub(request, timeout=timeout, metadata=self.metadata)

    def generate(self, request, timeout=None):
        """The picture and what is told of it."""
        for event in self.stream("/glm.v1.Gateway/Generate", request, messages.GenerateImageEvent, timeout):
            if event.HasField("image"):
                return event.image
        raise RuntimeError("the stream ended without an image")

    def image(self, request, timeout=None):
        """The bytes of the picture."""
        return self.generate(request, timeout).image

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
