"""A name stands for as many stages as it has addresses: a stage that joins or leaves is seen within 5 s, and no request is lost by it."""

from load import Cases, Load, all_right
from names import Names
from network import Network, until
from programs import Gateway, Stage

network, names = Network(), Names()
text = [Stage(network.host(f"text-{number}"), "text") for number in range(3)]
diffusion = Stage(network.host("diffusion"), "diffusion")
for stage in [*text, diffusion]:
    stage.wait()


def name(*stages):
    names.set("text.test", [stage.host for stage in stages])


name(text[0], text[1])
gateway = Gateway(network.host("gateway"), ["dns:text.test:50051", diffusion.address])
gateway.wait(text[0], text[1], diffusion, seconds=5)
load = Load(Cases(gateway), [gateway], callers=6)
until(lambda: len(load.answers) > 12, 60, "the callers get answers")

name(*text)
# The name is asked for again within 5 s; a new stage then proves itself.
gateway.wait(*text, diffusion, seconds=10)
name(text[1], text[2])
gateway.wait(text[1], text[2], diffusion, seconds=10)
assert text[0].process.stop() == 0

before = len(load.answers)
until(lambda: len(load.answers) > before + 12, 60, "the callers get answers")
all_right(load.end())
