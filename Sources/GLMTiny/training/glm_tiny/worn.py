"""Pictures of scenes as people have them: drawn by a model, compressed, enlarged, a little off in place and colour."""
from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from . import world


def loose_picture(scene: world.Scene, rng: np.random.Generator) -> np.ndarray:
    """A scene's picture with each thing up to 3 px off, up to 5 % larger or smaller, colours up to 14 levels off, and sometimes
    compressed as JPEG: float32 [height, width, 3] in 0..255. One in five is exactly the world's."""
    if rng.random() < 0.2:
        return world.render(scene).astype(np.float32)
    height, width = scene.height * world.CELL, scene.width * world.CELL
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = np.array(world.BACKGROUNDS[scene.background], np.float32) + rng.uniform(-8, 8, 3)

    def blend(mask: np.ndarray, y: int, x: int, colour: np.ndarray) -> None:
        top, left = max(0, -y), max(0, -x)
        mask = mask[top:height - y, left:width - x]
        patch = picture[y + top:y + top + mask.shape[0], x + left:x + left + mask.shape[1]]
        patch += mask[..., None] * (colour - patch)

    for shape in scene.shapes:
        usual = world.SIZES[shape.size] * world.CELL
        side = int(round(usual * rng.uniform(0.95, 1.05) / 2)) * 2
        y, x = (place * world.CELL + (usual - side) // 2 + int(rng.integers(-3, 4)) for place in (shape.row, shape.col))
        blend(world.shape_mask(shape.kind, side), y, x, np.array(world.COLOURS[shape.colour], np.float32) + rng.uniform(-14, 14, 3))
    if scene.word:
        ink = np.full(3, 255 if scene.background == "black" else 0, np.float32)
        down, across = rng.integers(-3, 4, 2)
        for i, letter in enumerate(scene.word.text):
            blend(world.letter_mask(letter), scene.word.row * world.CELL + int(down), (scene.word.col + i) * world.CELL + int(across), ink)
    picture = picture.clip(0, 255)
    if rng.random() < 0.2:
        file = io.BytesIO()
        Image.fromarray(picture.astype(np.uint8)).save(file, "JPEG", quality=int(rng.integers(40, 96)))
        picture = np.asarray(Image.open(file), np.float32)
    return picture


@lru_cache(maxsize=None)
def _noise() -> np.ndarray:
    """Chance is dear on a CPU: one long draw, of which pictures take pieces."""
    return np.random.default_rng(0).standard_normal(4_000_000, np.float32)


def worn(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture of levels with soft edges, uneven areas, noise, other light: float32 in 0..1. Every third stays as it is."""
    if rng.random() < 0.33:
        return picture / np.float32(255)
    height, width, _ = picture.shape
    soft, uneven, noise, light, shade = rng.random(5, np.float32)
    image = Image.fromarray(picture.astype(np.uint8))
    if rng.random() < 0.7:
        image = image.filter(ImageFilter.GaussianBlur(1.5 * float(soft)))
    worn = np.asarray(image).astype(np.float32)
    start, size = int(rng.integers(3_000_000)), picture.size
    if rng.random() < 0.6:
        worn += 10 * noise * _noise()[start:start + size].reshape(picture.shape)
    if rng.random() < 0.6:
        spots = (128 + 40 * _noise()[start:start + height * width * 3 // 256]).clip(0, 255).astype(np.uint8).reshape(height // 16, width // 16, 3)
        worn += 0.2 * uneven * (np.asarray(Image.fromarray(spots).resize((width, height), Image.BILINEAR)) - np.float32(128))
    worn *= (1 - 0.12 * light) / np.float32(255)
    worn += 0.04 * float(rng.standard_normal()) * shade
    return worn.clip(0, 1)
