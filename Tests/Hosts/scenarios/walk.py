"""deploy/SCALE.md's walk, by the commands that stand there: from three bare Debian hosts to two cells behind Envoy with a shared queue of jobs, of
which one is restarted and one stopped."""

import pathlib
import re
import shutil
import sys
import time

from client import ROOT
from machine import BASE, Machine
from network import Network, until

NAME = "images.example.com"
CELLS = ["10.0.0.11", "10.0.0.12"]

page = (ROOT / "deploy/SCALE.md").read_text().split("\n## Two hosts, one address\n")[1].split("\n## ")[0]
build, front, cell, envoy, attempt = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
wheels = BASE / "wheels"
if not wheels.is_dir():
    print("skipped: needs Envoy's wheel; PyPI was not there")
    sys.exit(77)


def commands(block, **changes):
    """A block of the page, without what copies files between hosts; each of `changes` has to be there."""
    lines = [line for line in block.splitlines() if "scp " not in line]
    text = "\n".join(["set -e", "cd /root", *lines])
    for old, new in changes.items():
        assert old in text, f"{old} is not in {text}"
        text = text.replace(old, new)
    return text


def copy(source, machine, path):
    target = machine.root / path.lstrip("/")
    shutil.copytree(source, target) if pathlib.Path(source).is_dir() else shutil.copy(source, target)


network = Network()
# What the build host gives the others; the machines fetch everything else from here, for they are on no other network.
assert "deploy/packages/build.sh" in build and "scp -r .build/packages" in build and "scp -r deploy/envoy" in build
first = Machine("front", "10.0.0.10")
cells = [Machine(f"cell-{number}", address) for number, address in enumerate(CELLS)]
for machine in [first, *cells]:
    copy(BASE / "packages", machine, "/root/packages")
copy(ROOT / "deploy/envoy", first, "/root/envoy")
copy(wheels, first, "/root/wheels")
(first.root / "etc/pip.conf").write_text("[install]\nno-index = true\nfind-links = /root/wheels\n")
for machine in [first, *cells]:
    (machine.root / "etc/apt/apt.conf.d/no-network").write_text('Acquire::Retries "0";\nAPT::Get::Assume-Yes "true";\n')

printed = first.run("bash", "-c", commands(front))
key = re.search(r"glm-[0-9A-Za-z_-]{20,}", printed)[0]
for machine, address in zip(cells, CELLS):
    copy(first.root / "root/cell", machine, "/root/cell")
    said = machine.run("bash", "-c", commands(cell, **{f"own={CELLS[0]}": f"own={address}"}))
    assert said.strip().endswith('{"status":"ok"}'), said
envoy_said = commands(envoy)
first.run("bash", "-c", envoy_said.rsplit("\n", 1)[0])


def well():
    lines = first.run("bash", "-c", envoy_said.rsplit("\n", 1)[1], check=False).splitlines()
    return [line for line in lines if line.endswith("health_flags::healthy")]


until(lambda: len(well()) == 4, 30, "Envoy finds both cells well, over gRPC and HTTP")
with open(first.root / "etc/hosts", "a") as hosts:
    hosts.write(f"10.0.0.10 {NAME}\n")

*generate, fetch = commands(attempt, **{"glm-…": key}).splitlines()
job = first.run("bash", "-c", "\n".join(generate)).split()[-1]
assert (first.root / "root/a.png").read_bytes().startswith(b"\x89PNG")
exports = "\n".join(line for line in generate if line.startswith(("export", "cd")))


def as_caller(command):
    return first.run("bash", "-c", f"set -e\n{exports}\n{command}")


as_caller(f"glm jobs wait {job} --ca cell/ca.crt")
# A restart that nobody notices.
before = cells[0].run("systemctl", "show", "-P", "MainPID", "glm-gateway")
restart = cells[0].start("systemctl", "restart", "glm-gateway")
begin = time.monotonic()
while restart.is_running or time.monotonic() < begin + 1:
    as_caller("glm generate 'a green cross' --size 64x64 --steps 2 -o c.png --ca cell/ca.crt")
assert restart.popen.wait() == 0 and cells[0].run("systemctl", "show", "-P", "MainPID", "glm-gateway") != before
# Either gives the job's image out: whichever is left.
images = []
for machine in cells:
    machine.run("systemctl", "stop", "glm-gateway.socket", "glm-gateway", check=False)
    as_caller(fetch.replace("JOB", job))
    images.append((first.root / "root/b.png").read_bytes())
    (first.root / "root/b.png").unlink()
    machine.run("systemctl", "start", "glm-gateway")
    until(lambda: len(well()) == 4, 30, "both are well again")
assert images[0] == images[1] and images[0].startswith(b"\x89PNG")
