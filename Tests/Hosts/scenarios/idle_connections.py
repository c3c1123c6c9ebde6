"""A fleet without work keeps its connections: nobody takes pings for an attack, and nothing else closes them."""

import os
import subprocess
import time

from load import Cases, ask
from network import Network
from programs import Gateway, Stage

# Above 40 s a server that counts pings would have closed a connection that is asked every 10 s.
IDLE = 600 if os.environ.get("GLM_LONG") else 50


def connections(host):
    """Local and remote ends, in the kernel's words, of what is established."""
    table = subprocess.run(["ip", "netns", "exec", host.name, "cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines()[1:]]
    return {(row[1], row[2]) for row in rows if row[3] == "01"}


network = Network()
stages = [Stage(network.host(kind), kind) for kind in ("text", "diffusion")]
for stage in stages:
    stage.wait()
# Nothing is asked of the stages meanwhile.
gateway = Gateway(network.host("gateway"), [stage.address for stage in stages], "--probe-interval", "3600").wait(*stages)
cases = Cases(gateway, count=1)
before = connections(gateway.host)
assert len(before) >= 2, before
time.sleep(IDLE)
lost = before - connections(gateway.host)
assert not lost, f"{len(lost)} of {len(before)} connections were lost"
client = gateway.client()
assert ask(client, cases, 0).problem == ""
