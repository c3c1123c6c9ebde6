"""Draws the same codes with a diffusion transformer whose weights are int8, and prints how near the pictures are to those of the model as it is.

    int8_pictures.py GLM --model DIR [--steps 50] [--size 256x256] [--pictures 8] [--precision f32]

GLM is the program, for example .build/release/glm. `glm quantize` makes the int8 weights; of them only the transformer's take part, so that the
codes are the same. PSNR is against the picture of the same seed; equal pictures count 99 dB.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import pictures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pictures.add_options(parser)
    options = parser.parse_args()
    if not options.model:
        parser.error("--model DIR is missing")
    model = Path(options.model).resolve()
    with tempfile.TemporaryDirectory() as folder:
        int8, mixed = Path(folder, "int8"), Path(folder, "mixed")
        subprocess.run([options.glm, "quantize", model, int8, "--weights", "int8"], check=True, capture_output=True)
        mixed.mkdir()
        for entry in model.iterdir():
            (mixed / entry.name).symlink_to((int8 if entry.name == "transformer" else model) / entry.name)
        truth, _ = pictures.draw(options)
        drawn, _ = pictures.draw(options, model=mixed)
    levels = pictures.levels(drawn, truth)
    print(f"{len(truth)} pictures of {options.size} in {options.steps} steps, {options.precision}: PSNR {np.mean(levels):.1f} dB, least {min(levels):.1f} dB")


if __name__ == "__main__":
    main()
