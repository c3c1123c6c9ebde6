"""The host of a text stage loses its power under load: its requests are answered within 20 s on another, and it is back soon after its link."""

import time

from load import Cases, Load, all_right
from network import Network, until
from programs import Gateway, Stage

network = Network()
text = [Stage(network.host(f"text-{number}"), "text") for number in range(2)]
diffusion = Stage(network.host("diffusion"), "diffusion")
stages = [stage.wait() for stage in [*text, diffusion]]
gateway = Gateway(network.host("gateway"), [stage.address for stage in stages]).wait(*stages)
cases = Cases(gateway)

load = Load(cases, [gateway], callers=8)
until(lambda: len(load.answers) > 16, 60, "the callers get answers")
text[0].host.unplug()
silence = time.monotonic()
until(lambda: gateway.serving() == sorted(stage.address for stage in stages[1:]), 20, "the gateway notices")
print(f"noticed after {time.monotonic() - silence:.1f} s")
text[0].host.plug_in()
gateway.wait(*stages, seconds=10)
answers = load.end()

all_right(answers)
longest = max(answer.seconds for answer in answers)
assert longest < 20, f"a request took {longest:.1f} s"
