"""The name server of a scenario's hosts."""

import shutil
import signal
import subprocess

from network import FOLDER, HERE, Process, until


class Names:
    """Answers with whatever addresses a name has at the moment, and with a time to live of 0. All names end with `.test`."""

    def __init__(self):
        self._addresses = {}
        self._file = FOLDER / "names"
        self._file.touch()
        resolver = FOLDER / "resolv.conf"
        resolver.write_text(f"nameserver {HERE}\noptions timeout:1 attempts:2\n")
        # For all hosts: they share the mounts of this process.
        subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
        command = [shutil.which("dnsmasq"), "--keep-in-foreground", "--no-resolv", "--no-hosts", f"--addn-hosts={self._file}", "--user=root"]
        command += [f"--listen-address={HERE}", "--bind-interfaces", "--pid-file", "--log-facility=-", "--local=/test/"]
        self._process = Process(command, FOLDER / "dnsmasq.log")
        self._process.wait_for(f"read {self._file}")

    def set(self, name, hosts):
        """The name has the addresses of these hosts from now on; none: there is no such name."""
        self._addresses[name] = [host.address for host in hosts]
        lines = [f"{address} {name}\n" for name, addresses in self._addresses.items() for address in addresses]
        self._file.write_text("".join(lines))
        read = self._reads()
        self._process.popen.send_signal(signal.SIGHUP)
        until(lambda: self._reads() > read, 5, "the name server reads its names")

    def _reads(self):
        return self._process.log.read_text().count(f"read {self._file}")
