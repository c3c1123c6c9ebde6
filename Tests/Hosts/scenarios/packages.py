"""The Debian packages, from installation to purge: the service starts when an operator has named a model, draws, and leaves nothing behind."""

from machine import Machine

machine = Machine()
# The packages themselves.
machine.run("rm", "-rf", "/var/log/apt")


def traces():
    """Files by their names, what is in /etc, the user, units, and what belongs to nobody."""
    names = machine.run("find", "/", "-xdev", "-name", "*glm*", "-not", "-path", "/packages/*", "-not", "-path", "/var/lib/apt/*", "-not", "-path", "/proc/*")
    words = machine.run("grep", "-rlw", "--exclude=*-", "glm", "/etc", check=False)
    user = machine.run("getent", "passwd", "glm", check=False)
    units = machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "*glm*")
    orphans = machine.run("find", "/", "-xdev", "-nouser")
    return [line for line in (names + words + user + units + orphans).splitlines() if line]


assert traces() == [], traces()
machine.install_packages()
assert machine.run("systemctl", "is-enabled", "glm-gateway", check=False).strip() == "disabled"
assert machine.run("systemctl", "is-active", "glm-gateway", check=False).strip() == "inactive"
for program in ("glm", "glm-gateway", "glm-vision", "glm-text", "glm-diffusion"):
    assert machine.run(program, "--version").strip()
    assert "not found" not in machine.run("ldd", f"/usr/lib/glm/{program}")

# Swift finds a program's arguments in /proc alone; the loader finds the libraries there.
without = "umount -l /proc && LD_LIBRARY_PATH=/usr/lib/glm /usr/bin/glm --version 2>&1; echo $?"
said = machine.run("unshare", "--mount", "sh", "-c", without)
assert said.startswith("Error: this program can't read its arguments") and said.endswith("\n1\n"), said

# What README.Debian says.
machine.run("sed", "-i", "s|^GLM_MODEL=.*|GLM_MODEL=/usr/share/glm/glm-tiny|", "/etc/glm/gateway.env")
machine.run("glm", "plan", "--topology", "/etc/glm/topology.yaml", "--model", "/usr/share/glm/glm-tiny")
machine.run("systemctl", "enable", "--now", "glm-gateway.socket", "glm-gateway.service")


def as_operator(*command):
    return machine.run("setpriv", "--reuid=glm", "--regid=glm", "--clear-groups", "env", "GLM_RUN_DIRECTORY=/run/glm", *command)


def draw(file):
    as_operator("glm", "generate", "a red circle", "--size", "256x256", "--steps", "2", "--seed", "7", "-o", f"{folder}/{file}")
    return machine.read(f"{folder}/{file}")


folder = machine.make_folder("glm")
image = draw("a.png")
assert image.startswith(b"\x89PNG"), image[:8]
job = as_operator("glm", "generate", "a red circle", "--size", "256x256", "--steps", "2", "--seed", "7", "--detach").strip()
as_operator("glm", "jobs", "wait", job)

# The same packages once more, as an update would: what runs is restarted, what an operator wrote stays.
started = machine.run("systemctl", "show", "-P", "ExecMainStartTimestampMonotonic", "glm-gateway")
machine.run("sh", "-c", "apt-get install --yes --reinstall /packages/*.deb")
assert machine.run("systemctl", "show", "-P", "ExecMainStartTimestampMonotonic", "glm-gateway") != started
assert "glm-tiny" in (machine.root / "etc/glm/gateway.env").read_text()
assert draw("b.png") == image
as_operator("glm", "jobs", "fetch", job, "-o", f"{folder}/c.png")

machine.run("apt-get", "purge", "--yes", "glm", "glm-server")
machine.run("rm", "-r", folder)
assert machine.running("glm") == [], machine.running("glm")
assert traces() == [], traces()
print("passed")
