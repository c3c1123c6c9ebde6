"""Runs `glm bench` and `bench_torch.py` in turn and prints the README's table: medians, our share of the floor, and PyTorch's time over ours.

    bench_alternating.py GLM MODEL_DIR [--rounds 3] [--seconds 1.5] [--threads 2] [--side 512] [--precision f32 bf16]

GLM is the program, for example .build/release/glm. Alternating, because a machine's speed drifts; run it where nothing else runs.
A part that only one of the two times is shown without a ratio.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median


def ours(options, precision):
    """{part: row} of `glm bench --json`."""
    command = [options.glm, "bench", options.model, "--json", "--precision", precision, "--seconds", str(options.seconds),
               "--threads", str(options.threads), "--side", str(options.side)]
    return {row["part"]: row for row in json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["parts"]}


def theirs(options, precision):
    """{part: milliseconds} of PyTorch."""
    script = Path(__file__).with_name("bench_torch.py")
    command = [sys.executable, script, options.model, "--json", "--dtype", precision, "--seconds", str(options.seconds),
               "--threads", str(options.threads), "--side", str(options.side)]
    times = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {part: row[f"{precision}_ms"] for part, row in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("glm")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each part")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", type=int, default=512, help="of the square image, in pixels")
    parser.add_argument("--precision", nargs="+", choices=["f32", "bf16"], default=["f32", "bf16"])
    options = parser.parse_args()
    for precision in options.precision:
        rounds = [(ours(options, precision), theirs(options, precision)) for _ in range(options.rounds)]
        print(f"\n| part | work | {precision} ms | of floor | PyTorch {precision} ms | PyTorch / ours, by round |\n|---|---|---|---|---|---|")
        for part, row in rounds[0][0].items():
            times = [mine[part]["milliseconds"] for mine, _ in rounds]
            floors = [mine[part]["floor_milliseconds"] for mine, _ in rounds]
            torch = [other[part] for _, other in rounds if part in other]
            share = 100 * median(floor / time for floor, time in zip(floors, times))
            ratios = ", ".join(f"{other / time:.2f}" for other, time in zip(torch, times))
            print(f"| {part} | {row['workload']} | {median(times):.1f} | {share:.0f} % | {f'{median(torch):.1f}' if torch else '–'} | {ratios} |")
        for part in sorted(rounds[0][1].keys() - rounds[0][0].keys()):
            print(f"| {part} | | – | | {median(other[part] for _, other in rounds):.1f} | |")


if __name__ == "__main__":
    main()
