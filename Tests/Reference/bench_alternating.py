"""Times each part of a model by `glm bench` and in PyTorch in turn and prints the README's table: medians, our share of the floor, and PyTorch's
time over ours.

    bench_alternating.py GLM MODEL_DIR [--rounds 7] [--seconds 0.5] [--threads 2] [--side 512] [--precision f32 bf16] [--part prefill]
                         [--kernels avx2]

GLM is the program, for example .build/release/glm. A round is one measurement of each within a second or two: a machine's speed drifts. Run it
where nothing else runs. The last column is the median of the rounds' ratios, with the quarter above and below which half of them lie.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path
from statistics import median, quantiles

import bench_torch


def ours(options, precision, part):
    """A row of `glm bench --json`, which measures the floor anew each time."""
    command = [options.glm, "bench", str(options.model), "--json", "--precision", precision, "--seconds", str(options.seconds), "--part", part,
               "--threads", str(options.threads), "--side", str(options.side)] + (["--kernels", options.kernels] if options.kernels else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["parts"][0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("glm")
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each measurement")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", type=int, default=512, help="of the square image, in pixels")
    parser.add_argument("--precision", nargs="+", choices=["f32", "bf16"], default=["f32", "bf16"])
    parser.add_argument("--kernels", help="ours; PyTorch's are chosen by ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA and MKL_ENABLE_INSTRUCTIONS")
    parser.add_argument("--part", nargs="+", help="default: all that PyTorch has")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error(f"--rounds {options.rounds} is under 2: there is no median of one")
    for precision in options.precision:
        print(f"\n| part | work | {precision} ms | of floor | PyTorch {precision} ms | PyTorch / ours |\n|---|---|---|---|---|---|", flush=True)
        for part, torch in bench_torch.parts(options.model, precision, options.side, options.threads):
            if options.part and part not in options.part:
                continue
            rows, theirs = [], []
            for _ in range(options.rounds):
                theirs.append(torch(options.seconds))
                time.sleep(0.3)  # PyTorch's threads turn on for a while before they sleep
                rows.append(ours(options, precision, part))
            times, floors = [row["milliseconds"] for row in rows], [row["floor_milliseconds"] for row in rows]
            ratios = [other / time for other, time in zip(theirs, times)]
            # The floor is the machine's at its best: what it can do does not drift.
            share, (low, middle, high) = 100 * min(floors) / median(times), quantiles(ratios, n=4, method="inclusive")
            print(f"| {part} | {rows[0]['workload']} | {median(times):.1f} | {share:.0f} % | {median(theirs):.1f} "
                  f"| {middle:.2f}× ({low:.2f} to {high:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
