"""A gateway before 1,000 stages knows them all, accepts 2,000 requests that come at once within five seconds, and is scraped in a fifth of one."""

import asyncio
import sys
import time
import urllib.request

import grpc
import many_stages
from client import CHANNEL, messages
from network import Network, until
from programs import Gateway

STAGES, ARRIVALS, CONNECTIONS = 1000, 2000, 8
FIRST_PORT = 20_000

network = Network()
host = network.host("stages")
stages = host.start(sys.executable, many_stages.__file__, host.address, FIRST_PORT, STAGES)
stages.wait_for("ready", 60)
addresses = [f"{host.address}:{FIRST_PORT + number}" for number in range(STAGES)]
gateway = Gateway(network.host("gateway"), addresses, "--queue", "4096", "--expect", "text,diffusion")
gateway.process.wait_for("ready ")
begin = time.monotonic()
until(lambda: len(gateway.serving()) == STAGES, 120, f"{STAGES} stages serve")
print(f"{STAGES} stages serve after {time.monotonic() - begin:.1f} s")


async def arrive():
    """Seconds until all requests are accepted."""
    channels = [grpc.aio.insecure_channel(gateway.address, options=CHANNEL + [("grpc.channel_id", n)]) for n in range(CONNECTIONS)]
    calls = [
        channel.unary_stream(
            "/glm.v1.Gateway/Generate", messages.GenerateImageRequest.SerializeToString, messages.GenerateImageEvent.FromString
        )
        for channel in channels
    ]
    await asyncio.gather(*[channel.channel_ready() for channel in channels])
    metadata = [("authorization", f"Bearer {gateway.key}")]

    async def ask(number):
        request = messages.GenerateImageRequest(prompt="a red circle", width=64, height=64, steps=1, seed=number)
        stream = calls[number % CONNECTIONS](request, metadata=metadata, timeout=120)
        event = await stream.read()
        assert event.HasField("accepted"), event
        return stream

    begin = time.monotonic()
    streams = await asyncio.gather(*[ask(number) for number in range(ARRIVALS)])
    seconds = time.monotonic() - begin
    scrapes = sorted([await asyncio.to_thread(scrape) for _ in range(5)])
    for stream in streams:
        stream.cancel()
    for channel in channels:
        await channel.close()
    return seconds, scrapes[2]


def scrape():
    begin = time.monotonic()
    page = urllib.request.Request(f"http://{gateway.http}/metrics", headers={"authorization": f"Bearer {gateway.key}"})
    with urllib.request.urlopen(page, timeout=20) as answer:
        assert b"glm_gateway_requests 2000" in answer.read()
    return time.monotonic() - begin


seconds, scraped = asyncio.run(arrive())
print(f"{ARRIVALS} requests accepted in {seconds:.2f} s, scraped beside them in {scraped:.3f} s")
until(lambda: gateway.requests() == 0, 30, "the places of callers who have left are free")
assert len(gateway.serving()) == STAGES
assert seconds < 5, f"{seconds:.1f} s for {ARRIVALS} arrivals"
assert scraped < 0.2, f"{scraped:.2f} s for a scrape"
