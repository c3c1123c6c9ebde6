"""Data preparation: a pool of scenes and edits with their VAE latents, so that a DiT step is only the DiT.

Item n of the pool is a function of the seed and n. Latents are kept in shards on disk; the pool grows while the DiT
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
EDIT = "edit"
FAMILIES = {"one": 0.13, "two": 0.15, "three": 0.14, "word": 0.42, EDIT: 0.16}  # letters are what the DiT takes longest to learn
LENGTHS = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}  # of the words in batches of words

Item = tuple[world.Scene | world.Edit, torch.Tensor]  # latents [pictures, 16, h, w]: a scene's, or an edit's source and target


def kind_of(item: world.Scene | world.Edit) -> int | str:
    """What a batch has in common besides its size: the length of the word (0: none), so that glyph texts need no padding; or edits."""
    if isinstance(item, world.Edit):
        return EDIT
    return len(item.word.text) if item.word else 0


class Pool:
    def __init__(self, options: argparse.Namespace, vae: nn.Module, size: int):
        self.options, self.vae, self.size = options, vae, size
        self.folder: Path = options.work / "latents"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.device = torch.device(options.device)
        self.groups: dict[tuple[tuple[int, int], int | str], list[Item]] = {}
        self.count, self.fresh = 0, []
        while self.count < size and (path := self._path(self.count // SHARD)).exists():
            for latents in torch.load(path):
                self._keep(latents)

    def _path(self, shard: int) -> Path:
        return self.folder / f"{shard:04d}.pt"

    def _item(self, index: int) -> world.Scene | world.Edit:
        rng = common.data_rng(self.options, index, stream=1)
        family = str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
        return world.sample_edit(rng) if family == EDIT else world.sample(rng, family)

    def _keep(self, latents: torch.Tensor) -> None:
        item = self._item(self.count)
        scene = item.target if isinstance(item, world.Edit) else item
        self.groups.setdefault(((scene.height, scene.width), kind_of(item)), []).append((item, latents))
        self.count += 1

    def grow(self, items: int = 1) -> None:
        """Encodes the next few items, until the pool has its size."""
        for _ in range(min(items, self.size - self.count)):
            item = self._item(self.count)
            scenes = (item.source, item.target) if isinstance(item, world.Edit) else (item,)
            pictures = np.stack([world.render(scene) for scene in scenes])
            latents = vae_stage.encode(self.vae, pictures, self.device).to("cpu", torch.bfloat16)
            self._keep(latents)
            self.fresh.append(latents)
            if self.count % SHARD == 0:
                if common.RANK == 0:
                    torch.save(self.fresh, self._path(self.count // SHARD - 1))
                self.fresh = []

    def draw(self, rng: np.random.Generator, count: int, words: float, edits: float) -> tuple[list[world.Scene | world.Edit], torch.Tensor]:
        """(items, latents [count, pictures, 16, h, w]) of one size and one kind."""
        group: list[Item] = []
        while not group:
            grid, chance = world.sample_grid(rng), rng.random()
            length = int(rng.choice(list(LENGTHS), p=list(LENGTHS.values())))
            group = self.groups.get((grid, length if chance < words else EDIT if chance < words + edits else 0), [])
        chosen = [group[i] for i in rng.integers(len(group), size=count)]
        return [item for item, _ in chosen], torch.stack([latents for _, latents in chosen]).to(self.device).float()


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("latents", steps=0, batch=0, rate=0)
    parser.add_argument("--pool", type=int, default=6144, help="items with latents to keep")
    options, _ = parser.parse_known_args(arguments)  # the trainers' other flags mean nothing here
    common.start(options)
    pool = Pool(options, vae_stage.load(options), options.pool)
    while pool.count < pool.size:
        pool.grow(SHARD)
        print(f"latents: {pool.count} of {pool.size}", flush=True)


if __name__ == "__main__":
    main()
