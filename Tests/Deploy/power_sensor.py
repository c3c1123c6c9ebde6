#!/usr/bin/env python3
"""Runs deploy/ascend/power.py on a DCMI whose sensors are known: one die changes at every tenth reading, the two of a package tell the same,
one tells nothing."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/ascend/power.py"
LIBRARY = """
int dcmi_init(void) { return INIT; }
int dcmi_get_card_list(int *count, int *cards, int capacity) { *count = 3; for (int i = 0; i < 3; i++) cards[i] = i; return 0; }
int dcmi_get_device_id_in_card(int card, int *most, int *mcu, int *cpu) { *most = card == 1 ? 2 : 1; return 0; }
int dcmi_get_device_power_info(int card, int chip, int *power) {
    static int calls;
    if (card == 2) return -8255;
    *power = card == 1 ? 3000 : 900 + calls++ / 10;
    return 0;
}
"""


def run(folder, init, *arguments):
    library = Path(folder) / f"libdcmi{init}.so"
    subprocess.run(["cc", "-shared", "-fPIC", f"-DINIT={init}", "-x", "c", "-o", library, "-"], input=LIBRARY, text=True, check=True)
    return subprocess.run([sys.executable, SCRIPT, "--library", library, *arguments], capture_output=True, text=True)


with tempfile.TemporaryDirectory() as folder:
    told = run(folder, 0, "--seconds", "0.5")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert len(lines) == 4, lines
    match = re.fullmatch(r"card 0 chip 0: 90\.0 to \S+ W, (\d+) of \1 readings, (\d+) changes, every \S+ s", lines[0])
    assert match and abs(int(match[1]) / 10 - int(match[2])) <= 1 and int(match[2]) > 0, lines[0]
    assert re.fullmatch(r"card 1 chip 1: 300\.0 to 300\.0 W, (\d+) of \1 readings, 0 changes", lines[2]), lines[2]
    assert re.fullmatch(r"card 1: its 2 dies told the same in (\d+) of \1 readings", lines[3]), lines[3]
    failing = run(folder, -8020)
    assert failing.returncode == 1 and "dcmi_init: error -8020" in failing.stderr, failing
    missing = subprocess.run([sys.executable, SCRIPT, "--library", "/none/libdcmi.so"], capture_output=True, text=True)
    assert missing.returncode == 1 and missing.stderr.startswith("no DCMI: /none/libdcmi.so"), missing
    assert subprocess.run([sys.executable, SCRIPT, "--seconds", "0"], capture_output=True).returncode == 2
