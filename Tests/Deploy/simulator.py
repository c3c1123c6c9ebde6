"""deploy/simulate.py against what is known without it."""

import math
import pathlib
import random
import statistics
import subprocess
import sys

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
sys.path.insert(0, str(DEPLOY))
import simulate  # noqa: E402
from simulate import CHIPS, Fleet, Gateway, Image, Mix, Stage  # noqa: E402


def exponential(rate, count, chance):
    """Requests of one kind that take a second in the mean."""
    time = 0.0
    for _ in range(count):
        time += chance.expovariate(rate)
        yield Image(time, {"diffusion": chance.expovariate(1)})


def mean_wait(gateways, rate, choices=1, count=60_000):
    chance = random.Random(7)
    images = list(exponential(rate, count, chance))
    Fleet(gateways, choices, False, chance).run(images)
    return statistics.fmean(image.waits for image in images)


def erlang(servers, rate):
    """Mean wait of M/M/c, with a service of one second (Erlang's second formula)."""
    terms = [rate**n / math.factorial(n) for n in range(servers)]
    last = rate**servers / math.factorial(servers) * servers / (servers - rate)
    return last / (sum(terms) + last) / (servers - rate)


def near(value, truth, share):
    assert abs(value - truth) <= share * truth, f"{value:.4f} instead of {truth:.4f}"


def queues():
    """One pool is M/M/c; a stage with as many slots, too; cells at random are as many M/M/1."""
    chance = random.Random(1)

    def gateway(stages):
        return Gateway({"diffusion": stages}, False, chance)

    near(mean_wait([gateway([Stage(1) for _ in range(5)])], 3.0), erlang(5, 3.0), 0.08)
    near(mean_wait([gateway([Stage(5)])], 3.0), erlang(5, 3.0), 0.08)
    near(mean_wait([gateway([Stage(1)]) for _ in range(5)], 3.0), erlang(1, 0.6), 0.08)


def arrangements():
    """In the order that theory has for them; and what a fleet can make is what its cards can."""
    mix = Mix.parse("512:20,1024:70,2048:10", CHIPS["910b3"], 50)
    ideal, text, diffusion = mix.division(160)
    assert text + diffusion == 160 and ideal == min(text / mix.mean("text"), diffusion / mix.mean("diffusion"))
    names = ["pool", "gateways:8:told", "cells:16:two", "cells:8:two", "cells:8:random"]
    results = {name: simulate.simulate(name, mix, 160, 0.85 * ideal, 2000, 120, 3) for name in [*names, "gateways:8:untold"]}
    slow = [statistics.fmean(results[name].slowdowns[1:]) for name in names]
    assert slow == sorted(slow) and slow[0] < 1.1 and slow[2] < slow[3] < slow[4], list(zip(names, slow))
    assert results["gateways:8:untold"].waited > 5 * results["gateways:8:told"].waited
    assert results["cells:8:two"].capacity < results["cells:16:two"].capacity < results["pool"].capacity == ideal
    # Almost nothing comes: nobody waits.
    idle = simulate.simulate("cells:8:two", mix, 160, 0.01 * ideal, 500, 120, 3)
    assert idle.slowdowns == (1, 1, 1) and idle.waited == 0


def program(*arguments):
    return subprocess.run([sys.executable, DEPLOY / "simulate.py", *arguments], capture_output=True, text=True)


def options():
    same = [program("--cards", "16", "--images", "500", "--seed", seed, "cells:8:two").stdout for seed in ("5", "5", "6")]
    assert same[0] == same[1] != same[2] and "cells:8:two" in same[0]
    assert "more than it can make" in program("--cards", "8", "--rate", "10").stdout
    for words, arguments in {
        "'ring' is no arrangement": ["ring"],
        "cells of 9 cards; 2 to 8": ["cells:9:two"],
        "a side of 1000; 32 to 2048 in steps of 32": ["--mix", "1000:1"],
        "'1024' is not SIDE:SHARE": ["--mix", "1024"],
        "the shares are 0": ["--mix", "1024:0"],
        "--cards is 1; 2 to 100000": ["--cards", "1"],
        "--rate is -1.0": ["--rate", "-1"],
        "--load is nan": ["--load", "nan"],
        "0 gateways; 1 to 1000": ["gateways:0:told"],
    }.items():
        result = program(*arguments)
        assert result.returncode == 2 and words in result.stderr and "Traceback" not in result.stderr, (arguments, result.stderr)


def page():
    """The tables of SCALE.md are those that its commands print; those of a thousand cards with --long."""
    text = (DEPLOY / "SCALE.md").read_text(encoding="utf-8")
    commands = [line.split() for line in text.splitlines() if line.startswith("deploy/simulate.py ")]
    assert commands
    for command in commands:
        if "1000" in command and "--long" not in sys.argv:
            continue
        table = program(*command[1:]).stdout
        assert table and table in text, f"not in SCALE.md:\n{' '.join(command)}\n{table}"


for part in (queues, arrangements, options, page):
    part()
