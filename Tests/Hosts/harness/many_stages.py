"""Very many stages in one process, for gateways that know very many: many_stages.py ADDRESS FIRST-PORT COUNT.

As many text as diffusion stages, each a server of its own with a number of its own, written by the contract alone. They compute nothing: the smallest
request, by which stages prove themselves, is answered at once, all others in SECONDS.
"""

import asyncio
import os
import random
import resource
import struct
import sys
import zlib

import client  # noqa: F401  # makes the modules of the contract
import common_pb2 as common  # isort: skip
import diffusion_pb2 as diffusion
import grpc
import stage_pb2 as stage
import text_pb2 as text

SECONDS = 20
SMALLEST = 32
SERVING = bytes([8, 1])  # grpc.health.v1.HealthCheckResponse with status SERVING


def png(width, height):
    """A grey image."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x7f" * (3 * width)) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Stage:
    def __init__(self, kind, number):
        self.kind, self.number, self.start_number = kind, number, random.getrandbits(64) | 1
        self.running = 0
        self.changed = asyncio.Condition()

    async def describe(self, request, context):
        return stage.StageDescription(
            kind=self.kind, instance=str(self.number), device="cpu", model_name="m", model_fingerprint="aa", build="test", protocol_version=2,
            state=stage.STAGE_STATE_SERVING, running=self.running, slots=1, process_id=os.getpid(), start_number=self.start_number,
            default_side=64, pipeline="image", numerics=common.Numerics(precision="f32", kernels="none"),
            limits=stage.StageLimits(max_prompt_bytes=4096, max_pixels=1 << 22, queue_capacity=4, max_request_bytes=1 << 22),
        )  # fmt: skip

    async def watch_load(self, request, context):
        while True:
            told = self.running
            yield stage.StageLoad(running=told)
            async with self.changed:
                await self.changed.wait_for(lambda: self.running != told)

    async def watch_health(self, request, context):
        yield SERVING
        await asyncio.Event().wait()

    async def compute(self, parameters):
        if parameters.height > SMALLEST:
            await self._add(1)
            try:
                await asyncio.sleep(SECONDS)
            finally:
                await self._add(-1)

    async def _add(self, requests):
        async with self.changed:
            self.running += requests
            self.changed.notify_all()

    async def generate(self, request, context):
        rows, columns = request.parameters.height // 32, request.parameters.width // 32
        grid = common.GridSize(height=rows, width=columns)
        yield text.GenerateTokensEvent(layout=text.TokenLayout(target=grid, prompt_tokens=1, total_tokens=rows * columns))
        await self.compute(request.parameters)
        codes = [0] * (rows * columns)
        yield text.GenerateTokensEvent(tokens=text.Tokens(first=0, ids=codes))
        target = common.CodeGrid(height=rows, width=columns, codes=codes)
        yield text.GenerateTokensEvent(result=text.GeneratedTokens(target=target))

    async def render(self, request, context):
        parameters = request.parameters
        await self.compute(parameters)
        for step in range(1, parameters.steps + 1):
            yield diffusion.RenderEvent(step=diffusion.RenderStep(step=step, steps=parameters.steps))
        image = png(parameters.width, parameters.height)
        size = dict(height=parameters.height, width=parameters.width)
        yield diffusion.RenderEvent(result=diffusion.RenderedImage(image=image, format=common.IMAGE_FORMAT_PNG, full_steps=1, **size))

    def handlers(self):
        def stream(method, request, event):
            return grpc.unary_stream_rpc_method_handler(method, request.FromString, event.SerializeToString)

        describe = grpc.unary_unary_rpc_method_handler(
            self.describe, stage.DescribeRequest.FromString, stage.StageDescription.SerializeToString)  # fmt: skip
        services = {
            "grpc.health.v1.Health": {"Watch": grpc.unary_stream_rpc_method_handler(self.watch_health)},
            "glm.v1.Stage": {"Describe": describe, "WatchLoad": stream(self.watch_load, stage.WatchLoadRequest, stage.StageLoad)},
        }
        if self.kind == "text":
            services["glm.v1.Text"] = {"Generate": stream(self.generate, text.GenerateTokensRequest, text.GenerateTokensEvent)}
        else:
            services["glm.v1.Diffusion"] = {"Render": stream(self.render, diffusion.RenderRequest, diffusion.RenderEvent)}
        return [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]


async def serve(address, first, count):
    servers = []
    for number in range(count):
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.default_authority", "localhost")])
        server.add_generic_rpc_handlers(Stage("text" if number % 2 == 0 else "diffusion", number // 2).handlers())
        server.add_insecure_port(f"{address}:{first + number}")
        await server.start()
        servers.append(server)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
