"""Pictures that `glm` draws, and how near two of them are: what step_cache.py and int8_pictures.py share."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROMPTS = ["a red circle above a blue square", "a green cross left of a red square", 'the word "cat" below a yellow triangle']


def add_options(parser):
    parser.add_argument("glm")
    parser.add_argument("--model")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--pictures", type=int, default=8, help="of each prompt")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")


def draw(options, *arguments, model=None):
    """The pictures `[height, width, 3]`, and what `glm` tells of each."""
    pictures, told = [], []
    model = model or options.model
    with tempfile.TemporaryDirectory() as folder:
        for number, prompt in enumerate(PROMPTS):
            command = [options.glm, "generate", prompt, "-o", f"{folder}/{number}.png", "-n", str(options.pictures), "--seed", "1", "--json",
                       "--steps", str(options.steps), "--size", options.size, "--precision", options.precision, *arguments]
            report = json.loads(subprocess.run(command + (["--model", str(model)] if model else []), check=True, capture_output=True).stdout)
            told += report["images"]
            pictures += [np.asarray(Image.open(Path(image["file"])).convert("RGB"), dtype=np.float64) for image in report["images"]]
    return pictures, told


def levels(pictures, truth):
    """PSNR of each against the true one, in dB; 99 of equal ones."""
    errors = [np.mean((picture - true) ** 2) for picture, true in zip(pictures, truth)]
    return [99.0 if error == 0 else 10 * np.log10(255**2 / error) for error in errors]
