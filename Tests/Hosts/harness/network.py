"""Hosts of a small network, for one scenario: network namespaces on one bridge, of which this process is a part.

`Tests/Hosts/run` gives each scenario namespaces of its own for network, mounts and processes. What is made here ends with the process.
"""

import os
import pathlib
import signal
import subprocess
import time

# Where a scenario's processes keep their files and logs.
FOLDER = pathlib.Path(os.environ["HOSTS_FOLDER"])
# Of the scenario's own process.
HERE = "10.9.0.254"


def until(condition, seconds, what):
    """What `condition` returns once it is true. Fails with `what` after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Process:
    """A program on a host. What it writes goes to a file."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

    @property
    def is_running(self):
        return self.popen.poll() is None

    def wait_for(self, words, seconds=30):
        """Returns when the program has written the words."""

        def written():
            assert self.is_running, f"{self.log.name} ended with {self.popen.returncode}: {self.log.read_text()[-2000:]}"
            return words in self.log.read_text(errors="replace")

        until(written, seconds, f"{self.log.name} writes {words!r}")

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def stop(self, seconds=60):
        """As an operator does. Returns the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)


class Host:
    """A network namespace with one interface, `eth0`."""

    def __init__(self, name, number):
        self.name, self.address = name, f"10.9.0.{number}"
        self.folder = FOLDER / name
        self.folder.mkdir()
        self._started = 0
        _do("ip", "netns", "add", name)
        _do("ip", "link", "add", "name", f"to-{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        _do("ip", "link", "set", "dev", f"to-{number}", "master", "switch", "up")
        _do("ip", "-n", name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        _do("ip", "-n", name, "link", "set", "dev", "lo", "up")
        self.plug_in()

    def start(self, *command):
        """Starts a program here."""
        command = [str(word) for word in command]
        self._started += 1
        return Process(["ip", "netns", "exec", self.name, *command], self.folder / f"{pathlib.Path(command[0]).name}-{self._started}.log")

    def unplug(self):
        """The host is silent from now on, as one without power; its processes live."""
        _do("ip", "-n", self.name, "link", "set", "dev", "eth0", "down")

    def plug_in(self):
        _do("ip", "-n", self.name, "link", "set", "dev", "eth0", "up")

    def lose(self, percent):
        """Of the packets that come from now on, so many are lost, by chance."""
        rule = f"table inet loss {{ chain input {{ type filter hook input priority 0; iif eth0 numgen random mod 100 < {percent} drop; }}\n}}\n"
        _do("ip", "netns", "exec", self.name, "nft", "-f", "-", input=f"table inet loss\ndelete table inet loss\n{rule}")


class Network:
    """The bridge, and this process beside it."""

    def __init__(self):
        self._hosts = 0
        # The names of namespaces are files there, which others on this machine are not to see.
        _do("mount", "-t", "tmpfs", "tmpfs", "/run")
        _do("ip", "link", "set", "dev", "lo", "up")
        _do("ip", "link", "add", "name", "switch", "type", "bridge")
        _do("ip", "link", "set", "dev", "switch", "up")
        _do("ip", "addr", "add", f"{HERE}/24", "dev", "switch")

    def host(self, name):
        self._hosts += 1
        return Host(name, self._hosts)


def _do(*command, input=None):
    result = subprocess.run(command, input=input, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stderr}"
