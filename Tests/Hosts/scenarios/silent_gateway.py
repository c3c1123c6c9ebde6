"""The host of a gateway loses its power while `glm` waits for an image: it says so within 20 s instead of waiting for ever."""

from network import Network, until
from programs import PROGRAMS, Gateway, Stage

network = Network()
stages = [Stage(network.host(kind), kind) for kind in ("text", "diffusion")]
for stage in stages:
    stage.wait()
gateway = Gateway(network.host("gateway"), [stage.address for stage in stages]).wait(*stages)
caller = network.host("caller")
(caller.folder / "key").write_text(gateway.key)
(caller.folder / "key").chmod(0o600)
command = [PROGRAMS / "glm", "generate", "a red circle", "--steps", "200", "--size", "512x512", "-o", caller.folder / "a.png"]
glm = caller.start(*command, "--gateway", gateway.address, "--key-file", caller.folder / "key")
until(lambda: gateway.requests() == 1, 30, "its request is in the gateway")
gateway.host.unplug()
until(lambda: not glm.is_running, 20, "glm ends")
assert glm.popen.returncode == 1, f"exit code {glm.popen.returncode}: {glm.log.read_text()}"
