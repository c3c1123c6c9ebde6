"""Data preparation: a pool of scenes with their VAE latents, so that a DiT step is only the DiT.

Scene n of the pool is a function of the seed and n. Latents are kept in shards on disk; the pool grows while the DiT
trains, or ahead of it by running this file.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import common, vae as vae_stage, world

SHARD = 128
FAMILIES = {"one": 0.15, "two": 0.20, "three": 0.15, "word": 0.50}  # letters are what the DiT takes longest to learn


class Pool:
    """Scenes grouped by the length of their word (0: none), so that a batch needs no padding of its glyph text."""

    def __init__(self, options: argparse.Namespace, vae: nn.Module, size: int):
        self.options, self.vae, self.size = options, vae, size
        self.folder: Path = options.work / "latents"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.device = torch.device(options.device)
        self.groups: dict[int, list[tuple[world.Scene, torch.Tensor]]] = {length: [] for length in range(world.WORD_MAX + 1)}
        self.count, self.fresh = 0, []
        while self.count < size and (path := self._path(self.count // SHARD)).exists():
            for latents in torch.load(path):
                self._keep(latents)

    def _path(self, shard: int) -> Path:
        return self.folder / f"{shard:04d}.pt"

    def _scene(self, index: int) -> world.Scene:
        rng = common.data_rng(self.options, index, stream=1)
        return world.sample(rng, str(rng.choice(list(FAMILIES), p=list(FAMILIES.values()))))

    def _keep(self, latents: torch.Tensor) -> None:
        scene = self._scene(self.count)
        self.groups[len(scene.word.text) if scene.word else 0].append((scene, latents))
        self.count += 1

    def grow(self, pictures: int = 1) -> None:
        """Encodes the next few scenes, until the pool has its size."""
        for _ in range(min(pictures, self.size - self.count)):
            picture = world.render(self._scene(self.count))
            latents = vae_stage.encode(self.vae, picture[None], self.device)[0].to("cpu", torch.bfloat16)
            self._keep(latents)
            self.fresh.append(latents)
            if self.count % SHARD == 0:
                torch.save(torch.stack(self.fresh), self._path(self.count // SHARD - 1))
                self.fresh = []

    def draw(self, rng: np.random.Generator, count: int) -> tuple[list[world.Scene], torch.Tensor]:
        """(scenes, latents [count, 16, 32, 32]), all with words of one length, more often with none."""
        full = [length for length in range(1, world.WORD_MAX + 1) if self.groups[length]]
        length = 0 if rng.random() < 0.6 or not full else int(rng.choice(full))
        group = self.groups[length]
        chosen = [group[i] for i in rng.integers(len(group), size=count)]
        return [scene for scene, _ in chosen], torch.stack([latents for _, latents in chosen]).to(self.device).float()


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("latents", steps=0, batch=0, rate=0)
    parser.add_argument("--pool", type=int, default=4096)
    options = parser.parse_args(arguments)
    common.start(options)
    pool = Pool(options, vae_stage.load(options), options.pool)
    while pool.count < pool.size:
        pool.grow(SHARD)
        print(f"latents: {pool.count} of {pool.size}", flush=True)


if __name__ == "__main__":
    main()
