"""Where one packet in twenty is lost, each way and on each host, every request is answered, and no stage is given up."""

from load import Cases, Load, all_right
from network import Network
from programs import Gateway, Stage

network = Network()
stages = [Stage(network.host(f"{kind}-{number}"), kind) for kind in ("text", "diffusion") for number in range(2)]
for stage in stages:
    stage.wait()
gateway = Gateway(network.host("gateway"), [stage.address for stage in stages]).wait(*stages)
cases = Cases(gateway)
for host in [gateway.host, *(stage.host for stage in stages)]:
    host.lose(5)
all_right(Load(cases, [gateway], callers=4, count=40).finish())
gateway.wait(*stages)
