"""The host of callers over gRPC and HTTP loses its power: their places are free within 60 s, and nothing is made for nobody after that."""

import pathlib
import sys

import network as hosts
from load import Cases, ask
from network import Network, until
from programs import Gateway, Stage

CALLERS = 16

network = Network()
stages = [Stage(network.host(kind), kind) for kind in ("text", "diffusion")]
for stage in stages:
    stage.wait()
gateway = Gateway(network.host("gateway"), [stage.address for stage in stages]).wait(*stages)
cases = Cases(gateway, count=1)
callers = network.host("callers")
script = pathlib.Path(hosts.__file__).with_name("caller.py")
callers.start(sys.executable, script, gateway.address, gateway.http, gateway.key, CALLERS)
until(lambda: gateway.requests() == CALLERS, 60, f"{CALLERS} requests are in the gateway")
callers.unplug()
until(lambda: gateway.requests() == 0, 60, "their places are free")
# What waited to be written to them is gone, too.
until(lambda: gateway.status().gateway.running == 0, 60, "nothing is left of their requests")
assert ask(gateway.client(), cases, 0).problem == ""
