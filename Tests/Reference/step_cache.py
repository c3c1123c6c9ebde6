"""Draws the same pictures without step caching and with some thresholds, and prints what that costs and saves.

    step_cache.py GLM [--model DIR] [--thresholds 0.12 0.24 0.4] [--steps 50] [--size 256x256] [--pictures 8] [--precision f32]

GLM is the program, for example .build/release/glm. Seconds are those of the denoising alone, of all pictures together; a private fleet
draws them, so run it where nothing else runs. PSNR is against the picture of the same seed without caching; equal pictures count 99 dB.
"""

import argparse

import numpy as np

import pictures


def draw(options, threshold):
    """The pictures, and seconds and full steps of their denoising."""
    drawn, told = pictures.draw(options, "--step-cache", str(threshold))
    seconds = sum(timing["seconds"] for image in told for timing in image["timings"] if timing["phase"] == "denoise")
    return drawn, seconds, [image["full_steps"] for image in told]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pictures.add_options(parser)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.12, 0.24, 0.4])
    options = parser.parse_args()
    truth, whole, _ = draw(options, 0)
    print(f"{len(truth)} pictures of {options.size} in {options.steps} steps\n")
    print("| step_cache | full steps | denoising, s | faster | PSNR, mean and least |\n|---|---|---|---|---|")
    print(f"| 0 | {options.steps} | {whole:.1f} | | |")
    for threshold in options.thresholds:
        drawn, seconds, full = draw(options, threshold)
        levels = pictures.levels(drawn, truth)
        print(f"| {threshold} | {np.mean(full):.1f} | {seconds:.1f} | {whole / seconds:.2f} × | {np.mean(levels):.1f}, {min(levels):.1f} dB |")


if __name__ == "__main__":
    main()
