"""A machine with a systemd of its own: a small Debian that systemd-nspawn boots. `Tests/Hosts/machine.sh` has made its root."""

import os
import pathlib
import subprocess
import sys

from network import FOLDER, Process, until

# What machine.sh made.
BASE = pathlib.Path(os.environ.get("HOSTS_MACHINE", ""))


class Machine:
    """Boots when it is made. Ends with the scenario."""

    def __init__(self, name="machine", address=None):
        """`address`: its own on the bridge of `Network`; None: it is on no network."""
        if not (BASE / "packages").is_dir():
            print("skipped: needs a root of Debian; debootstrap or its network is not there")
            sys.exit(77)
        self.root = FOLDER / name
        # Over the one root lies what each machine writes; the mounts end with the scenario.
        folders = {"upperdir": FOLDER / f"{name}-written", "workdir": FOLDER / f"{name}-work"}
        for folder in (self.root, *folders.values()):
            folder.mkdir()
        options = ",".join(f"{option}={folder}" for option, folder in {"lowerdir": BASE / "root", **folders}.items())
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root], check=True)
        options = ["--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=off"]
        options.append("--network-bridge=switch" if address else "--private-network")
        # Its /tmp is a folder of the root, where scenarios find what was written.
        self._nspawn = Process(["env", "SYSTEMD_NSPAWN_TMPFS_TMP=0", "systemd-nspawn", *options, "--directory", str(self.root)], FOLDER / f"{name}.log")
        children = pathlib.Path(f"/proc/{self._nspawn.popen.pid}/task/{self._nspawn.popen.pid}/children")
        self._init = until(children.read_text, 30, "systemd-nspawn starts systemd").split()[0]
        until(self._has_booted, 60, f"{name} has booted")
        for words in [f"addr add {address}/24 dev host0", "link set dev host0 up"] if address else []:
            # It has no program for that.
            subprocess.run(["nsenter", "--target", self._init, "--net", "ip", *words.split()], check=True)

    def _has_booted(self):
        state = self.run("systemctl", "is-system-running", check=False).strip()
        assert state != "degraded", self.run("systemctl", "--failed", "--no-pager")
        return state == "running"

    def run(self, *command, check=True):
        """What the command prints on standard output; fails where it does, unless `check` is False."""
        result = subprocess.run(self._enter(command), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert not check or result.returncode == 0, f"{' '.join(command)}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def start(self, *command):
        """Starts a command that goes on."""
        return Process(self._enter(command), FOLDER / f"{self.root.name}-{pathlib.Path(command[0]).name}.log")

    def make_folder(self, owner="root"):
        """A new folder in the machine, for files of the scenario."""
        folder = self.run("mktemp", "--directory").strip()
        self.run("chown", owner, folder)
        return folder

    def read(self, path):
        """The bytes of a file in the machine."""
        return (self.root / path.lstrip("/")).read_bytes()

    def running(self, prefix):
        """The names of processes that begin so. The machine has no `pgrep`."""
        names = self.run("sh", "-c", "cat /proc/[0-9]*/comm", check=False).split()
        assert "systemd" in names, names
        return [name for name in names if name.startswith(prefix)]

    def install_packages(self):
        """`glm` and `glm-server`, with what they depend on, by apt."""
        self.run("sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends /packages/*.deb")

    def _enter(self, command):
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return ["nsenter", "--target", self._init, "--all", "/usr/bin/env", "-i", "-C", "/", path, "LC_ALL=C.UTF-8", *map(str, command)]
