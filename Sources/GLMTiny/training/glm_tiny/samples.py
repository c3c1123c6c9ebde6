"""Sixteen requests and what this repository's system draws for them, on one sheet: python -m glm_tiny.samples .build/release/glm-gateway samples.png

No request is drawn twice and none is left out. The last row is one picture, edited three times: each edit starts from the picture left of it.
"""
from __future__ import annotations

import argparse
import tempfile
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import gateway

SQUARE, WIDE, TALL = (256, 256), (320, 256), (256, 320)
DRAWN = (
    ("a red circle", SQUARE), ("a small yellow diamond at the top on a black background", SQUARE),
    ("an orange cross left of a purple triangle", SQUARE), ("a green square above a small blue circle on a grey background", SQUARE),
    ("a blue triangle, a red cross and a yellow circle from left to right", SQUARE),
    ("a purple diamond, an orange square and a green circle from top to bottom on a black background", SQUARE),
    ('the word "CAT"', SQUARE), ('the word "TAXI" on a black background', SQUARE),
    ('a red circle above the word "SALT"', SQUARE), ('the word "HI" left of a small purple cross on a grey background', SQUARE),
    ("a yellow square right of a large blue diamond", WIDE), ("a green triangle below a small red square on a grey background", TALL),
)
EDITED = "a red circle left of a blue square"
EDITS = ("make the circle green", "remove the square", "put a small orange cross on the right")
TILE, CAPTION = 208, 60


def sheet(pictures: list[tuple[str, np.ndarray]], columns: int = 4) -> Image.Image:
    font, rows = ImageFont.load_default(13), -(-len(pictures) // columns)
    result = Image.new("RGB", (columns * TILE, rows * (TILE + CAPTION)), (238, 238, 242))
    draw = ImageDraw.Draw(result)
    for i, (caption, picture) in enumerate(pictures):
        x, y = i % columns * TILE, i // columns * (TILE + CAPTION)
        image = Image.fromarray(picture)
        image.thumbnail((TILE - 8, TILE - 8), Image.LANCZOS)
        result.paste(image, (x + (TILE - image.width) // 2, y + 4 + (TILE - 8 - image.height) // 2))
        draw.multiline_text((x + TILE / 2, y + TILE - 2), textwrap.fill(caption, 31), fill=(20, 20, 30), font=font, anchor="ma", align="center", spacing=2)
    return result.quantize(128, dither=Image.Dither.NONE)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="glm_tiny.samples", description=__doc__)
    parser.add_argument("program", type=Path, help="the built glm-gateway; `glm` and the stages' programs lie beside it")
    parser.add_argument("sheet", type=Path, help="PNG to write")
    parser.add_argument("--model", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, gateway.running(options.program, options.model) as glm:
        folder = Path(name)
        pictures = [(prompt, gateway.ask(glm, prompt, [], size, seed, folder / "drawn.png")) for seed, (prompt, size) in enumerate(DRAWN)]
        last = folder / "0.png"
        pictures.append((EDITED, gateway.ask(glm, EDITED, [], SQUARE, 0, last)))
        for seed, instruction in enumerate(EDITS):
            after = folder / f"{seed + 1}.png"
            pictures.append((f"then: {instruction}", gateway.ask(glm, instruction, [last], SQUARE, seed, after)))
            last = after
    sheet(pictures).save(options.sheet, optimize=True)


if __name__ == "__main__":
    main()
