"""Pictures by this repository's own system: a gateway with its three stages, asked through the `glm` program."""
from __future__ import annotations

import argparse
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import numpy as np
from PIL import Image


@contextmanager
def running(program: Path, model: Path | None, precision: str = "f32", step_cache: float = 0) -> Iterator[list[str]]:
    """Starts `glm-gateway` with its stages and gives the first words of a `glm` command that reaches it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program), "--run-directory", folder, "--start", "vision,text,diffusion", "--precision", precision, "--log-level", "warning",
                   "--step-cache", str(step_cache)]
        gateway = subprocess.Popen(command + (["--model", str(model)] if model else []), stdout=subprocess.PIPE, text=True)
        try:
            for line in gateway.stdout:
                if line.startswith("ready "):
                    break
            else:
                raise SystemExit(f"{program} ended with {gateway.wait()} before it was ready")
            yield [str(program.with_name("glm")), "--gateway", f"unix:{folder}/gateway.sock"]
        finally:
            gateway.terminate()
            gateway.wait()


def ask(glm: list[str], prompt: str, sources: list[Path], size: tuple[int, int], seed: int, output: Path, steps: int = 20, guidance: float = 1.5,
        step_cache: float = 0) -> np.ndarray:
    """The picture of one request, uint8 [height, width, 3]; size is (width, height)."""
    program, *reach = glm
    subprocess.run(
        [program, "edit" if sources else "generate", *map(str, sources), prompt, "-o", str(output), "--size", f"{size[0]}x{size[1]}",
         "--steps", str(steps), "--guidance", str(guidance), "--seed", str(seed), "--step-cache", str(step_cache), *reach],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return np.asarray(Image.open(output).convert("RGB"))


def draw(program: Path, cases, options: argparse.Namespace) -> list[np.ndarray]:
    """Case n of evaluate's list is drawn with seed n."""
    with tempfile.TemporaryDirectory() as name, running(program, options.model, options.dtype, options.step_cache) as glm:
        folder, pictures = Path(name), []
        for i, case in enumerate(cases):
            sources = []
            if case.source is not None:
                sources = [folder / "source.png"]
                Image.fromarray(case.source).save(sources[0])
            pictures.append(ask(
                glm, case.prompt, sources, (case.width, case.height), i, folder / "picture.png", options.steps, options.guidance, options.step_cache))
        return pictures
