#!/usr/bin/env python3
"""Looks at how often the power sensors of Ascend cards tell something new, through the driver's DCMI; that is not documented.

    power.py [--seconds 10] [--library PATH]

Reads each die's power every hundredth of a second and prints how often the figure changed, and whether the dies of a package tell the same.
Give the cards something to do meanwhile: an idle card's figure may stand still. Needs Python 3.9, and root or the driver's group.
"""
import argparse
import ctypes
import os
import sys
import time

LIBRARIES = ["libdcmi.so", "/usr/local/dcmi/libdcmi.so", "/usr/local/Ascend/driver/lib64/driver/libdcmi.so"]
INTERVAL = 0.01


def load(named):
    failures = []
    for path in [named] if named else LIBRARIES:
        try:
            return ctypes.CDLL(path)
        except OSError as error:
            failures.append(str(error))
    sys.exit("no DCMI: " + "; ".join(failures))


class Driver:
    def __init__(self, library):
        self.library = library
        code = library.dcmi_init()
        if code:
            sys.exit(f"dcmi_init: error {code}")

    def dies(self):
        """(card, chip) of each die that tells its power."""
        count, cards = ctypes.c_int(), (ctypes.c_int * 64)()
        code = self.library.dcmi_get_card_list(ctypes.byref(count), cards, 64)
        if code:
            sys.exit(f"dcmi_get_card_list: error {code}")
        for card in cards[:count.value]:
            most, other, cpu = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
            if self.library.dcmi_get_device_id_in_card(card, ctypes.byref(most), ctypes.byref(other), ctypes.byref(cpu)):
                continue
            yield from ((card, chip) for chip in range(most.value) if self.watts((card, chip)) is not None)

    def watts(self, die):
        tenths = ctypes.c_int()
        return None if self.library.dcmi_get_device_power_info(*die, ctypes.byref(tenths)) else tenths.value / 10


def sample(driver, dies, seconds):
    """For each die its figures in turn, and how long all that took."""
    figures = {die: [] for die in dies}
    begin = time.monotonic()
    while (now := time.monotonic()) - begin < seconds:
        for die in dies:
            figures[die].append(driver.watts(die))
        time.sleep(max(0, INTERVAL - (time.monotonic() - now)))
    return figures, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--library", default=os.environ.get("GLM_DCMI_LIBRARY"))
    arguments = parser.parse_args()
    if not 0 < arguments.seconds <= 3600:
        parser.error(f"--seconds is {arguments.seconds}; more than 0, up to 3600")
    driver = Driver(load(arguments.library))
    dies = list(driver.dies())
    if not dies:
        sys.exit("no card tells its power")
    figures, took = sample(driver, dies, arguments.seconds)
    for (card, chip), values in figures.items():
        known = [value for value in values if value is not None]
        if not known:
            print(f"card {card} chip {chip}: told nothing")
            continue
        changes = sum(a != b for a, b in zip(known, known[1:]))
        every = f", every {took / changes:.2f} s" if changes else ""
        print(f"card {card} chip {chip}: {min(known):.1f} to {max(known):.1f} W, {len(known)} of {len(values)} readings, {changes} changes{every}")
    for card in sorted({card for card, _ in dies}):
        chips = [figures[die] for die in dies if die[0] == card]
        if len(chips) > 1:
            same = sum(len(set(each)) == 1 for each in zip(*chips))
            print(f"card {card}: its {len(chips)} dies told the same in {same} of {len(chips[0])} readings")


if __name__ == "__main__":
    main()
