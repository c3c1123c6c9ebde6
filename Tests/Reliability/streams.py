"""A thousand HTTP callers stream an image at once, then as many of which some read nothing: memory of the gateway, and what it means for others.

usage: streams.py [CALLERS [SLOW]]      default: 1000, 64

Beside them one gRPC caller asks for an image after the other: the fair order lets it pass the thousand, who come from one address. Its seconds
while all read, and while SLOW of them read nothing before the end, are compared. No stream may break, and no image may be another than alone. Prints a line of
JSON for each load; exit 1 if a promise broke. Needs grpcio, grpcio-tools.
"""

import asyncio
import base64
import json
import pathlib
import re
import resource
import socket
import statistics
import sys
import threading
import time

from fleet import Fleet, digest, messages

REQUEST = {"prompt": "a red circle", "size": "64x64", "num_inference_steps": 2, "seed": 7, "stream": True}
# An answer that the kernel's buffers do not hold whole.
LARGE = REQUEST | {"size": "128x128"}
# MiB that the gateway may hold for each stream beside what it holds anyway.
MOST_EACH = 0.5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident(process):
    """MiB of a process now."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text())[1]) / 1024


async def stream(port, slow, done):
    """The answer of one caller: its status, and the digest of its image. One that is slow reads nothing before the others are done."""
    connection = socket.socket()
    if slow:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096 if slow else 1 << 20)
    body = json.dumps(LARGE if slow else REQUEST).encode()
    head = f"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    if slow:
        await done.wait()
    answer = b""
    while b"image_generation.completed" not in answer or not answer.endswith(b"0\r\n\r\n"):
        piece = await reader.read(1 << 20)
        if not piece:
            break
        answer += piece
    writer.close()
    lines = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", answer)
    image = re.search(rb'"b64_json":"([^"]*)"', lines)
    return answer[9:12].decode(), digest(base64.b64decode(image[1])) if image else None


class Others:
    """One gRPC caller that asks again and again, and how long each answer takes."""

    def __init__(self, fleet):
        self.seconds, self.digests, self.ends = [], set(), threading.Event()
        self.client = fleet.client()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        request = messages.GenerateImageRequest(prompt="a red circle", width=64, height=64, steps=2, seed=7)
        while not self.ends.is_set():
            begin = time.time()
            self.digests.add(digest(self.client.image(request, timeout=120)))
            self.seconds.append(time.time() - begin)

    def finish(self):
        self.ends.set()
        self.thread.join()
        self.client.close()


async def load(fleet, port, callers, slow):
    others, most, done = Others(fleet), [0.0], asyncio.Event()

    async def watch():
        while True:
            most[0] = max(most[0], resident(fleet.gateway.pid))
            await asyncio.sleep(0.1)

    watching, begin = asyncio.create_task(watch()), time.time()
    quick = [asyncio.create_task(stream(port, False, done)) for _ in range(callers - slow)]
    idle = [asyncio.create_task(stream(port, True, done)) for _ in range(slow)]
    answers = await asyncio.gather(*quick)
    done.set()
    answers += await asyncio.gather(*idle)
    seconds = time.time() - begin
    watching.cancel()
    await asyncio.to_thread(others.finish)
    statuses = [status for status, _ in answers]
    images = {image for _, image in answers[: callers - slow] if image} | others.digests
    return {
        "broken": sum(image is None for _, image in answers), "slow images": sorted({image for _, image in answers[callers - slow :] if image}),
        "callers": callers, "slow": slow, "seconds": round(seconds, 1), "statuses": {status: statuses.count(status) for status in set(statuses)},
        "images": sorted(images), "gateway MiB": round(most[0]),
        "others": len(others.seconds), "others' median s": round(statistics.median(others.seconds), 2),
    }  # fmt: skip


def main():
    callers, slow = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    port = free_port()
    # The last quarter of the places is for callers who have few requests.
    fleet = Fleet(["--http", f"127.0.0.1:{port}", "--queue", str(callers * 4 // 3 + 24)])
    try:
        asyncio.run(load(fleet, port, 8, 0))
        idle = resident(fleet.gateway.pid)
        print(json.dumps({"idle gateway MiB": round(idle)}))
        results = [asyncio.run(load(fleet, port, callers, count)) for count in (0, slow)]
        for result in results:
            print(json.dumps(result))
    finally:
        fleet.stop()
        fleet.remove()
    broken = []
    if any(set(result["statuses"]) != {"200"} for result in results):
        broken.append("a stream was refused")
    if any(result["broken"] or len(result["slow images"]) > 1 for result in results):
        broken.append("a stream ended without its image, or with another")
    if len({image for result in results for image in result["images"]}) != 1:
        broken.append("an image is another one")
    if any(result["gateway MiB"] > idle + MOST_EACH * callers for result in results):
        broken.append(f"the gateway took more than {MOST_EACH} MiB for each stream")
    if results[1]["others' median s"] > 2 * results[0]["others' median s"]:
        broken.append("who reads slowly made others wait twice as long")
    for sentence in broken:
        print(f"BROKEN: {sentence}")
    sys.exit(bool(broken))


main()
