"""Two gateways share two diffusion stages: none of their requests fails though they wait in each other's line for longer than a stage may
stall, and while little is asked, both stages get their share."""

import os

from client import messages
from load import Cases, Load, all_right, ask
from network import Network
from programs import Gateway, Stage

STALL = 3
REQUESTS = 60 if os.environ.get("GLM_LONG") else 24

network = Network()
text = Stage(network.host("text"), "text")
diffusion = [Stage(network.host(f"diffusion-{number}"), "diffusion") for number in range(2)]
stages = [stage.wait() for stage in [text, *diffusion]]
gateways = [
    Gateway(network.host(f"gateway-{number}"), [stage.address for stage in stages], "--stall-limit", str(STALL)) for number in range(2)
]
for gateway in gateways:
    gateway.wait(*stages)


def seconds_of_a_step():
    """As the fleet draws now, with one request alone."""
    image = gateways[0].client().generate(messages.GenerateImageRequest(prompt="a red circle", width=256, height=256, steps=10, seed=1))
    return sum(timing.seconds for timing in image.timings if timing.stage == "diffusion" and timing.phase == "denoise") / 10


# Far longer than the limit, and so is the wait for one of the other gateway's.
steps = min(200, max(2, round(2.7 * STALL / seconds_of_a_step())))
cases = Cases(gateways[0], width=256, height=256, steps=steps)
all_right(Load(cases, gateways, callers=12, count=REQUESTS, timeout=300).finish())
for gateway in gateways:
    gateway.wait(*stages)

quick = Cases(gateways[0])
clients = [gateway.client() for gateway in gateways]
lone = [ask(clients[number % 2], quick, number % len(quick)) for number in range(24)]
all_right(lone)
drawn = [answer.instances["diffusion"] for answer in lone]
shares = sorted(drawn.count(instance) for instance in set(drawn))
# By chance alone, fewer than 5 of 24 come once in 600 runs.
assert len(shares) == 2 and shares[0] >= 5, f"of 24 lone requests the stages got {shares}"
