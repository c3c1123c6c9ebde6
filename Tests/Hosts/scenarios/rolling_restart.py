"""Cells behind Envoy, as deploy/envoy has it: each is restarted while at least 300 images are drawn, then one is killed. No caller loses
anything: of a restart nobody notices, of the kill those alone whose stream of events broke off; they ask again, and so does `glm`."""

import base64
import http.client
import json
import threading
import time

import grpc
import yaml
from balancer import Balancer
from client import ROOT, Client
from load import Cases, Load, all_right
from network import Network, until
from programs import PROGRAMS, Gateway

# Of each kind.
CALLERS = 3


class Door:
    """What callers see: Envoy's address alone."""

    def __init__(self, host, cells):
        """Envoy, with the files that are shipped; between the hosts of this scenario nothing is encrypted."""
        self.host, self.key = host, cells[0].key
        configuration = yaml.safe_load((ROOT / "deploy/envoy/envoy.yaml").read_text())
        configuration["admin"]["address"]["socket_address"]["address"] = host.address
        for encrypted in (configuration["static_resources"]["listeners"][0]["filter_chains"][0], *configuration["static_resources"]["clusters"]):
            del encrypted["transport_socket"]
        for name, addresses in (("grpc", [cell.address for cell in cells]), ("http", [cell.http for cell in cells])):
            (host.folder / f"{name}.yaml").write_text(json.dumps(endpoints(name, addresses)))
        self.balancer = Balancer(host, yaml.safe_dump(configuration).replace("/etc/envoy/", f"{host.folder}/"))
        self.wait(cells)

    def client(self):
        return Repeating(f"{self.host.address}:443", self.key)

    def wait(self, cells):
        """Until these cells get requests, and no other."""
        wanted = sorted([cell.address for cell in cells] + [cell.http for cell in cells])
        until(lambda: self.well() == wanted, 30, f"Envoy asks {wanted}")

    def well(self):
        admin = http.client.HTTPConnection(self.host.address, 9901, timeout=5)
        admin.request("GET", "/clusters?format=json")
        clusters = json.loads(admin.getresponse().read())["cluster_statuses"]
        hosts = [host for cluster in clusters for host in cluster.get("host_statuses", [])]
        admin.close()
        return sorted(
            "{address}:{port_value}".format(**host["address"]["socket_address"])
            for host in hosts
            if not host["health_status"].get("failed_active_health_check")
        )


class Repeating(Client):
    """A caller that asks again where it was not answered, and keeps the reasons."""

    asked_again = []

    def generate(self, request, timeout=None):
        for attempt in range(3):
            try:
                return super().generate(request, timeout)
            except grpc.RpcError as error:
                broke_off = error.code() == grpc.StatusCode.INTERNAL and "RST_STREAM" in error.details()
                if attempt == 2 or not (broke_off or error.code() == grpc.StatusCode.UNAVAILABLE):
                    raise
                # That Envoy itself was not reached in time says nothing of cells.
                if "failed to connect" not in error.details():
                    Repeating.asked_again.append(error.details())
                time.sleep(0.5)


class HTTPLoad:
    """Callers over HTTP, who ask nothing twice."""

    def __init__(self, door):
        self.door, self.answers, self.asks = door, [], True
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while self.asks:
            self.answers.append(self._ask())

    def _ask(self):
        connection = http.client.HTTPConnection(self.door.host.address, 443, timeout=120)
        body = json.dumps({"prompt": "a red circle", "size": "64x64", "num_inference_steps": 2, "seed": 1})
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.door.key}"}
        try:
            connection.request("POST", "/v1/images/generations", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                return f"{answer.status}: {text[:200]}"
            return "" if base64.b64decode(json.loads(text)["data"][0]["b64_json"]) else "no image"
        except OSError as error:
            return repr(error)
        finally:
            connection.close()

    def end(self):
        """Asks nothing more; fails unless all were answered."""
        self.asks = False
        for thread in self._threads:
            thread.join()
        wrong = [problem for problem in self.answers if problem]
        assert not wrong, f"{len(wrong)} of {len(self.answers)} over HTTP: {sorted(set(wrong))[:5]}"


def endpoints(name, addresses):
    """The shipped file, with these cells."""
    page = yaml.safe_load((ROOT / f"deploy/envoy/{name}.yaml").read_text())
    found = [{"address": host, "port_value": int(port)} for host, port in (address.split(":") for address in addresses)]
    page["resources"][0]["endpoints"] = [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": each}}} for each in found]}]
    return page


def glm(door, number):
    """The client itself, with an image that takes it some seconds."""
    image = ["--size", "256x256", "--steps", "100", "--seed", str(number), "-o", f"{door.host.folder}/glm-{number}.png"]
    environment = ["env", f"GLM_API_KEY={door.key}", f"GLM_GATEWAY={door.host.address}:443"]
    return door.host.start(*environment, PROGRAMS / "glm", "generate", "a red circle", *image)


def drawn(count, *loads):
    """Until all of them have so many answers more."""
    wanted = [len(load.answers) + count for load in loads]
    until(lambda: all(len(load.answers) >= least for load, least in zip(loads, wanted)), 200, f"{count} images are drawn")


network = Network()
cells = [Gateway(network.host(f"cell-{number}"), [], "--start", "text,diffusion", "--threads", "1") for number in range(2)]
for cell in cells:
    cell.process.wait_for("ready ", seconds=60)
door = Door(network.host("envoy"), cells)
cases = Cases(door)

loads = Load(cases, [door], CALLERS), HTTPLoad(door)
for cell in cells:
    drawn(10, *loads)
    assert cell.process.stop() == 0
    cell.start()
    cell.process.wait_for("ready ", seconds=60)
    door.wait(cells)
drawn(max(10, 150 - min(len(load.answers) for load in loads)), *loads)
assert not Repeating.asked_again, f"calls had to be made again although cells were stopped in good order: {Repeating.asked_again}"

# So many that hardly ever none of them is at the cell that dies.
programs = [glm(door, number) for number in range(4)]
drawn(5, *loads)
assert any(program.is_running for program in programs), "no glm is left that the death of a cell could reach"
cells[0].process.kill()
drawn(10, *loads)
door.wait(cells[1:])
drawn(10, *loads)
for program in programs:
    assert program.popen.wait(120) == 0, program.log.read_text()
grpc_load, http_load = loads
all_right(grpc_load.end())
http_load.end()
assert len(Repeating.asked_again) <= CALLERS, f"more calls than {CALLERS}, which could be under way, were made again: {Repeating.asked_again}"
