"""A service that is restarted while callers draw: nobody fails, `systemctl restart` returns when it serves, and a gateway that hangs is replaced."""

import concurrent.futures
import threading

from machine import Machine
from network import until

REQUESTS, CALLERS = 60, 4
PROMPTS = ["a red circle", "a blue square", "a green cross", "a red diamond"]

machine = Machine()
machine.install_packages()
folder = machine.make_folder("glm")


def as_operator(*command):
    return machine.run("setpriv", "--reuid=glm", "--regid=glm", "--clear-groups", "env", "GLM_RUN_DIRECTORY=/run/glm", *command)


def draw(number, file, size="64x64", steps=2):
    words = ["--size", size, "--steps", str(steps), "--seed", str(number % len(PROMPTS)), "-o", f"{folder}/{file}.png"]
    as_operator("glm", "generate", PROMPTS[number % len(PROMPTS)], *words)
    return machine.read(f"{folder}/{file}.png")


def configure(unit, text):
    settings = machine.root / "etc/systemd/system" / f"{unit}.d"
    settings.mkdir(parents=True)
    (settings / "scenario.conf").write_text(text)


def gateway():
    return machine.run("systemctl", "show", "-P", "MainPID", "glm-gateway").strip()


def restart():
    before = gateway()
    machine.run("systemctl", "restart", "glm-gateway")
    # Not a moment later.
    headline = as_operator("glm", "status").splitlines()[0]
    assert headline.startswith("serving: "), headline
    assert gateway() not in ("0", before)
    told = machine.run("systemctl", "show", "-P", "StatusText", "glm-gateway").strip()
    assert told.startswith("serving: "), told


machine.run("sed", "-i", "s|^GLM_MODEL=.*|GLM_MODEL=/usr/share/glm/glm-tiny|", "/etc/glm/gateway.env")
# Systemd has little patience, so that what the gateway tells it counts; it holds the HTTP port of gateway.env, too.
configure("glm-gateway.service", "[Service]\nTimeoutStartSec=2\nTimeoutStopSec=1\nWatchdogSec=10\n")
configure("glm-gateway.socket", "[Socket]\nListenStream=127.0.0.1:9464\n")
machine.run("systemctl", "daemon-reload")
machine.run("systemctl", "enable", "--now", "glm-gateway.socket", "glm-gateway.service")
images = [draw(number, f"known-{number}") for number in range(len(PROMPTS))]

# A caller over HTTP, who connects for each request and never comes again, until the file is there.
enough = f"{folder}/enough"
asking = """
    use IO::Socket::INET; my ($right, $wrong) = (0, 0);
    until (-e $ARGV[0]) {
        my $socket = IO::Socket::INET->new('127.0.0.1:9464'); my $line = '';
        if ($socket) { print $socket "GET /health/live HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n"; $line = <$socket> // '' }
        $line =~ / 200 / ? $right++ : $wrong++; select undef, undef, undef, 0.02;
    }
    print "$right right, $wrong wrong\\n";
"""
done = 0
lock = threading.Lock()


def drawn(number):
    global done
    image = draw(number, f"image-{number}")
    with lock:
        done += 1
    return image == images[number % len(PROMPTS)]


with concurrent.futures.ThreadPoolExecutor(CALLERS + 2) as pool:
    asked = pool.submit(machine.run, "perl", "-e", asking, enough)
    answers = [pool.submit(drawn, number) for number in range(REQUESTS)]
    try:
        for part in (1, 2):
            until(lambda: done >= part * REQUESTS // 3, 120, f"{part} of 3 parts are drawn")
            restart()
        wrong = [number for number, answer in enumerate(answers) if not answer.result()]
    finally:
        machine.run("touch", enough)
    assert wrong == [], wrong
    counts = asked.result().strip()
    assert counts.endswith(", 0 wrong") and not counts.startswith("0 right"), counts

# What is in flight is finished, though it takes longer than the unit's own patience.
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    long = pool.submit(draw, 0, "long", "256x256", 60)
    until(lambda: "serving: 1 running" in as_operator("glm", "status"), 30, "the long image is begun")
    restart()
    assert long.result() == draw(0, "long-again", "256x256", 60)
assert machine.run("systemctl", "show", "-P", "NRestarts", "glm-gateway").strip() == "0"

# One that hangs.
machine.run("sh", "-c", f"kill -STOP {gateway()}")
until(lambda: machine.run("systemctl", "show", "-P", "NRestarts", "glm-gateway").strip() == "1", 60, "the watchdog has it replaced")
until(lambda: machine.run("systemctl", "is-active", "glm-gateway", check=False).strip() == "active", 30, "the next one serves")
assert draw(1, "after") == images[1]

# The end of both.
machine.run("systemctl", "stop", "glm-gateway.socket")
assert machine.running("glm") == [], machine.running("glm")
print("passed")
