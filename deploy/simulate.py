#!/usr/bin/env python3
"""Simulates fleets of many cards: how much slower requests are than in an empty fleet, for a mix of sizes, a rate and an arrangement.

    deploy/simulate.py --cards 1000 --mix 512:20,1024:70,2048:10 --load 0.85 cells:8:two cells:16:two pool

Nothing here was measured on a card: seconds of service are those that ascend/estimate.py calculates. Arrivals are by chance (Poisson); the same
options and seed give the same numbers. Needs Python 3.9 and nothing else.

Arrangements:

    pool                  one gateway with all cards
    cells:N:two           cells of N cards, each with a gateway; a balancer takes the one with fewer requests of two (LEAST_REQUEST)
    cells:N:random        the same, any of them
    gateways:N:told       N gateways before all cards, which learn what stages compute, a moment later
    gateways:N:untold     the same, each knows its own requests alone
"""
import argparse
import heapq
import random
import re
import statistics
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "ascend"))
import estimate  # noqa: E402

KINDS = ("text", "diffusion")
CHIPS = {chip.name.split()[0].rstrip(",").lower(): chip for chip in estimate.CHIPS}
TOLD_EVERY = 0.125  # seconds: a stage tells its load eight times a second at most


class Usage(Exception):
    """An option that can't be simulated."""


# --- The work --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mix:
    """Sizes of images, with their shares, and what they take of a chip's stages."""

    sizes: tuple  # (side in pixels, share)
    chip: estimate.Chip
    steps: int = 50

    @classmethod
    def parse(cls, text, chip, steps):
        """`512:20,1024:70`: sides and shares, which need not sum up to anything."""
        sizes = []
        for part in text.split(","):
            match = re.fullmatch(r"(\d+):(\d+(?:\.\d+)?)", part)
            if not match:
                raise Usage(f"--mix: {part!r} is not SIDE:SHARE, as in 1024:70")
            side, share = int(match[1]), float(match[2])
            if not 32 <= side <= 2048 or side % 32:
                raise Usage(f"--mix: a side of {side}; 32 to 2048 in steps of 32")
            sizes.append((side, share))
        total = sum(share for _, share in sizes)
        if total <= 0:
            raise Usage("--mix: the shares are 0 in all")
        return cls(tuple((side, share / total) for side, share in sizes), chip, steps)

    def seconds(self, side):
        """Of each kind of stage, in a slot: a text stage has `batch` of them and is as slow in each as with all of them full."""
        work = estimate.Work(side, side, self.steps)
        text = estimate.text(self.chip, work, self.chip.batch) * self.chip.batch
        return {"text": text, "diffusion": estimate.denoise(self.chip, work) + estimate.decode(self.chip, work)}

    def mean(self, kind):
        """Seconds of a card of one image."""
        slots = self.chip.batch if kind == "text" else 1
        return sum(share * self.seconds(side)[kind] / slots for side, share in self.sizes)

    def division(self, cards):
        """Text cards and diffusion cards, the best division, and images a second that they make."""
        text, diffusion = self.mean("text"), self.mean("diffusion")
        return max(
            ((min(writers / text, (cards - writers) / diffusion), writers, cards - writers) for writers in range(1, cards)),
            key=lambda each: each[0],
        )


# --- The fleet -------------------------------------------------------------------------------------------------------


class Stage:
    """A card's: it computes so many at once; what it is given beyond that waits in it."""

    def __init__(self, slots):
        self.slots, self.running, self.queue = slots, 0, deque()

    @property
    def free(self):
        return self.slots - self.running - len(self.queue)


def free(stages):
    """By kind: each stage as often as it has free slots."""
    return {kind: [stage for stage in each for _ in range(stage.free)] for kind, each in stages.items()}


class Gateway:
    """Gives requests to the slots of stages that it takes for free, in the order of their arrival.

    It knows what it has given them itself and, where it is `told`, what they have free.
    """

    def __init__(self, stages, told, chance):
        self.stages, self.told, self.chance = stages, told, chance
        self.waiting = {kind: deque() for kind in stages}
        self.requests = 0
        self.slots = free(stages)

    def take(self, kind):
        """Any of the slots that are free as far as we know; None: there is none."""
        slots = self.slots[kind]
        if not slots:
            return None
        chosen = self.chance.randrange(len(slots))
        slots[chosen], slots[-1] = slots[-1], slots[chosen]
        return slots.pop()

    def give_back(self, kind, stage):
        """A request of ours has left the stage."""
        if not self.told or stage.free > 0:
            self.slots[kind].append(stage)


@dataclass
class Image:
    """One request."""

    arrival: float
    seconds: dict
    gateway: Gateway = None
    kind: int = 0
    waits: float = 0
    since: float = 0

    @property
    def alone(self):
        return sum(self.seconds.values())


class Fleet:
    """Gateways, stages, and the balancer before them."""

    def __init__(self, gateways, choices, told, chance):
        """`choices`: among how many gateways the balancer looks for the one with the fewest requests. `told`: gateways learn loads."""
        self.gateways, self.choices, self.told, self.chance = gateways, choices, told, chance

    @classmethod
    def arrange(cls, text, mix, cards, chance):
        """The fleet that `text` says, and images a second that it can make."""
        slots = {"text": mix.chip.batch, "diffusion": 1}

        def stages(division):
            return {kind: [Stage(slots[kind]) for _ in range(count)] for kind, count in zip(KINDS, division)}

        match = re.fullmatch(r"pool|cells:(\d+):(two|random)|gateways:(\d+):(told|untold)", text)
        if not match:
            raise Usage(f"{text!r} is no arrangement: pool, cells:N:two, cells:N:random, gateways:N:told, gateways:N:untold")
        if match[1]:
            size = int(match[1])
            if not 2 <= size <= cards:
                raise Usage(f"{text}: cells of {size} cards; 2 to {cards}, those that there are")
            rate, *division = mix.division(size)
            cells = [Gateway(stages(division), False, chance) for _ in range(cards // size)]
            return cls(cells, 2 if match[2] == "two" else 1, False, chance), rate * len(cells)
        rate, *division = mix.division(cards)
        count = int(match[3] or 1)
        if not 1 <= count <= 1000:
            raise Usage(f"{text}: {count} gateways; 1 to 1000")
        common, told = stages(division), match[4] == "told"
        return cls([Gateway(common, told, chance) for _ in range(count)], 2, told, chance), rate

    def balance(self):
        few = [self.chance.choice(self.gateways) for _ in range(self.choices)]
        return min(few, key=lambda gateway: gateway.requests)

    def load(self):
        """What stages have free right now, for each gateway."""
        slots = free(self.gateways[0].stages)
        return [{kind: list(each) for kind, each in slots.items()} for _ in self.gateways]

    def run(self, arrivals):
        """Serves all images, in the order of their arrival; each then knows how long it has waited."""
        events, number = [], 0

        def at(time, what, *of):
            nonlocal number
            number += 1
            heapq.heappush(events, (time, number, what, of))

        def begin(time, image, stage):
            stage.running += 1
            image.waits += time - image.since
            at(time + image.seconds[self.kinds[image.kind]], "end", image, stage)

        def assign(time, gateway, kind):
            while gateway.waiting[kind] and (stage := gateway.take(kind)):
                image = gateway.waiting[kind].popleft()
                if stage.running < stage.slots:
                    begin(time, image, stage)
                else:
                    stage.queue.append(image)

        self.kinds = list(self.gateways[0].stages)
        source = iter(arrivals)
        image = next(source, None)
        left = 0
        if self.told:
            at(TOLD_EVERY, "tell")
        while image or left:
            if image and (not events or image.arrival <= events[0][0]):
                image.gateway, image.since = self.balance(), image.arrival
                image.gateway.requests += 1
                left += 1
                image.gateway.waiting[self.kinds[0]].append(image)
                assign(image.arrival, image.gateway, self.kinds[0])
                image = next(source, None)
                continue
            time, _, what, of = heapq.heappop(events)
            if what == "tell":
                for gateway, slots in zip(self.gateways, self.load()):
                    gateway.slots = slots
                    for kind in self.kinds:
                        assign(time, gateway, kind)
                at(time + TOLD_EVERY, "tell")
                continue
            done, stage = of
            kind, gateway = self.kinds[done.kind], done.gateway
            stage.running -= 1
            if stage.queue:
                begin(time, stage.queue.popleft(), stage)
            gateway.give_back(kind, stage)
            done.kind, done.since = done.kind + 1, time
            if done.kind == len(self.kinds):
                gateway.requests -= 1
                left -= 1
            else:
                gateway.waiting[self.kinds[done.kind]].append(done)
                assign(time, gateway, self.kinds[done.kind])
            assign(time, gateway, kind)


# --- What is told ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """Of one arrangement."""

    arrangement: str
    capacity: float     # images a second
    rate: float         # that came
    slowdowns: tuple    # median, 95th and 99th percentile: time in the fleet over time in an empty one
    waited: float       # share of images that waited longer than the limit


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def arrivals(mix, rate, count, chance):
    seconds = {side: mix.seconds(side) for side, _ in mix.sizes}
    sides, shares = zip(*mix.sizes)
    time = 0.0
    for _ in range(count):
        time += chance.expovariate(rate)
        yield Image(time, seconds[chance.choices(sides, shares)[0]])


def simulate(arrangement, mix, cards, rate, count, limit, seed):
    chance = random.Random(seed)
    fleet, capacity = Fleet.arrange(arrangement, mix, cards, random.Random(seed + 1))
    images = list(arrivals(mix, rate, count, chance))
    fleet.run(images)
    # The first find an empty fleet.
    images = images[count // 5:]
    slowdowns = sorted((image.alone + image.waits) / image.alone for image in images)
    return Result(
        arrangement, capacity, rate, tuple(percentile(slowdowns, share) for share in (0.5, 0.95, 0.99)),
        statistics.fmean(image.waits > limit for image in images),
    )


HEAD = ["arrangement", "can make", "comes", "slower than alone: median", "95 %", "99 %", "waits"]


def row(result, limit):
    if result.rate >= result.capacity:
        return [f"`{result.arrangement}`", f"{result.capacity:.2f}/s", f"{result.rate:.2f}/s", "more than it can make", "", "", ""]
    factors = [f"{value:.1f}" for value in result.slowdowns]
    return [f"`{result.arrangement}`", f"{result.capacity:.2f}/s", f"{result.rate:.2f}/s", *factors, f"{100 * result.waited:.1f} % over {limit:g} s"]


def table(results, limit):
    return estimate.table(HEAD, [row(result, limit) for result in results])


def options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arrangements", nargs="*", metavar="ARRANGEMENT", default=["pool"], help="default: pool")
    parser.add_argument("--cards", type=int, default=8, help="in all; default 8")
    parser.add_argument("--chip", choices=sorted(CHIPS), default="910b3", help="default 910b3")
    parser.add_argument("--mix", default="1024:1", metavar="SIDE:SHARE,…", help="square images; default 1024:1")
    parser.add_argument("--steps", type=int, default=50, help="denoising steps; default 50")
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument("--rate", type=float, metavar="N", help="images that come a second")
    rate.add_argument("--load", type=float, metavar="SHARE", help="the same as a share of what one pool of all cards can make; default 0.85")
    parser.add_argument("--images", type=int, default=20_000, metavar="N", help="that are simulated, of which the first fifth is not counted; default 20000")
    parser.add_argument("--limit", type=float, default=120, metavar="SECONDS", help="the share of images that wait longer is told; default 120")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    chosen = parser.parse_args(arguments)
    for name, least, most in (("cards", 2, 100_000), ("steps", 1, 200), ("images", 10, 10_000_000)):
        if not least <= getattr(chosen, name) <= most:
            parser.error(f"--{name} is {getattr(chosen, name)}; {least} to {most}")
    for name in ("rate", "load", "limit"):
        value = getattr(chosen, name)
        if value is not None and not 0 < value < 1e6:
            parser.error(f"--{name} is {value}; more than 0, less than 1000000")
    return parser, chosen


def main(arguments):
    parser, chosen = options(arguments)
    try:
        mix = Mix.parse(chosen.mix, CHIPS[chosen.chip], chosen.steps)
        ideal = mix.division(chosen.cards)[0]
        rate = chosen.rate or (chosen.load or 0.85) * ideal
        results = []
        for arrangement in chosen.arrangements:
            capacity = Fleet.arrange(arrangement, mix, chosen.cards, random.Random(0))[1]
            if rate >= capacity:
                results.append(Result(arrangement, capacity, rate, (), 0))
            else:
                results.append(simulate(arrangement, mix, chosen.cards, rate, chosen.images, chosen.limit, chosen.seed))
    except Usage as error:
        parser.error(str(error))
    print(table(results, chosen.limit))


if __name__ == "__main__":
    main(sys.argv[1:])
