"""Draws the same pictures without step caching and with some thresholds, and prints what that costs and saves.

    step_cache.py GLM [--model DIR] [--thresholds 0.12 0.24 0.4] [--steps 50] [--size 256x256] [--pictures 8] [--precision f32]

GLM is the program, for example .build/release/glm. Seconds are those of the denoising alone, of all pictures together; a private fleet
draws them, so run it where nothing else runs. PSNR is against the picture of the same seed without caching; equal pictures count 99 dB.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROMPTS = ["a red circle above a blue square", "a green cross left of a red square", 'the word "cat" below a yellow triangle']


def draw(options, threshold, folder):
    """The pictures, and seconds and full steps of their denoising."""
    pictures, seconds, full = [], 0.0, []
    for number, prompt in enumerate(PROMPTS):
        command = [options.glm, "generate", prompt, "-o", f"{folder}/{number}.png", "-n", str(options.pictures), "--seed", "1", "--json",
                   "--steps", str(options.steps), "--size", options.size, "--precision", options.precision, "--step-cache", str(threshold)]
        report = json.loads(subprocess.run(command + (["--model", options.model] if options.model else []), check=True, capture_output=True).stdout)
        for image in report["images"]:
            pictures.append(np.asarray(Image.open(image["file"]).convert("RGB"), dtype=np.float64))
            seconds += sum(timing["seconds"] for timing in image["timings"] if timing["phase"] == "denoise")
            full.append(image["full_steps"])
    return pictures, seconds, full


def psnr(picture, truth):
    error = np.mean((picture - truth) ** 2)
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("glm")
    parser.add_argument("--model")
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.12, 0.24, 0.4])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--pictures", type=int, default=8, help="of each prompt")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        truth, whole, _ = draw(options, 0, Path(folder))
        print(f"{len(truth)} pictures of {options.size} in {options.steps} steps\n")
        print("| step_cache | full steps | denoising, s | faster | PSNR, mean and least |\n|---|---|---|---|---|")
        print(f"| 0 | {options.steps} | {whole:.1f} | | |")
        for threshold in options.thresholds:
            pictures, seconds, full = draw(options, threshold, Path(folder))
            levels = [psnr(picture, true) for picture, true in zip(pictures, truth)]
            print(f"| {threshold} | {np.mean(full):.1f} | {seconds:.1f} | {whole / seconds:.2f} × | {np.mean(levels):.1f}, {min(levels):.1f} dB |")


if __name__ == "__main__":
    main()
