"""The question model's vision tower: pixels -> what each cell of 32 px shows, in the channels of sight.py.

The meanings of the channels are chosen beforehand, so the language model can learn to use them (vqa_text.py) while the tower still
learns to write them, and every cell of every picture teaches the tower 182 things. Answers alone teach it next to nothing.
"""
from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, sight, vqa_config, world
from .vq import waves
from .worn import loose_picture, worn

SHARPNESS = 6.0  # of the decision whether a channel is on


class Tower(nn.Module):
    """Glm4vVisionModel, computed for a batch of pictures of one size."""

    def __init__(self):
        super().__init__()
        from transformers.models.glm4v.configuration_glm4v import Glm4vVisionConfig
        from transformers.models.glm4v.modeling_glm4v import Glm4vVisionModel
        self.visual = Glm4vVisionModel(Glm4vVisionConfig(**vqa_config.VISION))
        with torch.no_grad():
            self.visual.embeddings.position_embedding.weight.copy_(0.5 * waves(16, vqa_config.VISION["hidden_size"]))
            nn.init.kaiming_normal_(self.visual.patch_embed.proj.weight, nonlinearity="linear")
            nn.init.kaiming_normal_(self.visual.downsample.weight, nonlinearity="linear")
        self.register_buffer("mean", torch.tensor(vqa_config.MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(vqa_config.STD).view(3, 1, 1), persistent=False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """[n, 3, height, width] in 0..1 -> rows for the language model [n, cells, WIDTH], as the whole model computes them."""
        from transformers.models.glm4v.modeling_glm4v import apply_rotary_pos_emb_vision
        visual, heads = self.visual, vqa_config.VISION["num_heads"]
        patches, places, rows, cols = blocks(pictures.sub(self.mean).div(self.std))
        count, length, _ = patches.shape
        # Both frames of a still are equal: the kernel summed over them does half the work.
        kernel = visual.patch_embed.proj.weight.sum(2).flatten(1)
        hidden = visual.post_conv_layernorm(F.linear(patches, kernel, visual.patch_embed.proj.bias))
        grid = torch.tensor([[1, rows, cols]])
        hidden = hidden + visual.embeddings(torch.zeros_like(hidden[0]), torch.tensor([length]), grid, places[:, 0], places[:, 1])
        turn = visual.rotary_pos_emb(hidden, places)
        for block in visual.blocks:
            query, key, value = block.attn.qkv(block.norm1(hidden)).view(count * length, 3, heads, -1).unbind(1)
            query, key = apply_rotary_pos_emb_vision(query, key, *(part.repeat(count, 1) for part in turn))
            query, key, value = (part.view(count, length, heads, -1).transpose(1, 2) for part in (query, key, value))
            mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(count, length, -1)
            hidden = hidden + block.attn.proj(mixed)
            hidden = hidden + block.mlp(block.norm2(hidden))
        hidden = visual.post_layernorm(hidden).view(count, length // 4, 4, -1).transpose(2, 3).flatten(2)
        hidden = F.linear(hidden, visual.downsample.weight.flatten(1), visual.downsample.bias)
        return visual.merger(hidden)


def blocks(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int, int]:
    """(patches [n, patches, 3*16*16] of one frame in the processor's order, their places [patches, 2], rows, columns)."""
    count, _, height, width = pictures.shape
    rows, cols, patch = height // vqa_config.PATCH, width // vqa_config.PATCH, vqa_config.PATCH
    patches = pictures.reshape(count, 3, rows // 2, 2, patch, cols // 2, 2, patch).permute(0, 2, 5, 3, 6, 1, 4, 7).reshape(count, rows * cols, -1)
    places = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij"), -1)
    places = places.view(rows // 2, 2, cols // 2, 2, 2).transpose(1, 2).reshape(-1, 2)
    return patches, places.to(pictures.device), rows, cols


def sample(rng: np.random.Generator, grid: tuple[int, int], split: str = "train") -> world.Scene:
    """A scene to ask about: the image model's prompts, more words than those have, and a few edited pictures."""
    if rng.random() < 0.12:
        while True:
            edit = world.sample_edit(rng, split, grid)
            if split != "train" or not edit.source.held_out:
                return edit.target
    family = ("one", "two", "three", "word")[rng.choice(4, p=[0.13, 0.33, 0.24, 0.3])]
    return world.sample(rng, family, split, grid)


def pictures_of(scenes: list[world.Scene], rng: np.random.Generator | None) -> torch.Tensor:
    """Pictures [n, 3, height, width] in 0..1; with a source of chance they are as loose and worn as generated ones, and more."""
    if rng is None:
        return torch.from_numpy(np.stack([world.render(scene) for scene in scenes])).permute(0, 3, 1, 2).float() / 255
    return torch.from_numpy(np.stack([worn(loose_picture(scene, rng), rng) for scene in scenes])).permute(0, 3, 1, 2)


def channel_weights() -> torch.Tensor:
    weights = torch.ones(vqa_config.WIDTH)
    weights[sight.PAIRS + sight.NEIGHBOURS] = 0.15
    weights[[sight.CHANNELS[name] for name in (*world.KINDS, *(f"letter {letter}" for letter in world.LETTERS))]] = 2.0
    return weights


def loss_and_right(said: torch.Tensor, meant: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
    """Of rows in units of SCALE [cells, WIDTH]; shapes, letters and background count alike, however many cells each has."""
    letter = meant[:, sight.CHANNELS["word"]] > 0
    shape = meant[:, sight.CHANNELS["part row 0"]:sight.CHANNELS["part row 3"] + 1].sum(1) > 0
    apart = F.mse_loss(said, meant, reduction="none") + 0.3 * F.binary_cross_entropy_with_logits(SHARPNESS * (said - 0.5), meant, reduction="none")
    apart = (apart * channel_weights().to(apart.device)).sum(1)
    sure = [i for i in range(len(sight.CHANNELS)) if i not in sight.PAIRS + sight.NEIGHBOURS + sight.CENTRES]
    right = ((said > 0.5) == (meant > 0.5))[:, sure].all(1)
    loss, shares = said.new_zeros(()), {"on": (said > 0.5)[meant > 0.5].float().mean().item()}
    for name, where, weight in (("shape", shape, 1.0), ("letter", letter, 0.7), ("ground", ~(shape | letter), 0.7)):
        if where.any():
            loss = loss + weight * apart[where].sum() / max(64, int(where.sum()))
            shares[name] = right[where].float().mean().item()
    return loss, shares


@torch.no_grad()
def solve(options: argparse.Namespace, channels: list[int]) -> None:
    """Gives a finished tower new channels: their rows of the last matrix, by least squares. Nothing else that it says changes."""
    path = options.work / "vqa_tower" / "state.pt"
    state = torch.load(path, map_location="cpu", weights_only=False)
    tower, entered = Tower().eval(), []
    tower.load_state_dict(state["ema"])
    last = tower.visual.merger.down_proj
    last.register_forward_pre_hook(lambda _, given: entered.append(given[0].flatten(0, -2).double()))
    width = last.in_features
    products, wanted = torch.zeros(width, width, dtype=torch.double), torch.zeros(width, len(channels), dtype=torch.double)
    for place in range(options.solve):
        rng = common.data_rng(options, place, stream=1)
        grid = world.sample_grid(rng)
        scenes = [sample(rng, grid) for _ in range(options.batch)]
        tower(pictures_of(scenes, rng))
        meant = torch.from_numpy(np.stack([sight.channels(scene, vqa_config.WIDTH) for scene in scenes])).flatten(0, 2)[:, channels].double()
        rows = entered.pop()
        weighted = rows * torch.where(meant.any(1, keepdim=True), 1.0, 0.5)  # the background half
        products += weighted.T @ rows
        wanted += weighted.T @ meant
    products += 1e-4 * products.diagonal().mean() * torch.eye(width)
    for part in ("model", "ema"):
        state[part]["visual.merger.down_proj.weight"][channels] = (vqa_config.SCALE * torch.linalg.solve(products, wanted)).T.float()
    torch.save(state, path)


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("vqa_tower", steps=1200, batch=8, rate=2e-3)
    parser.add_argument("--solve", type=int, default=0, help="train nothing, but find sight.CENTRES in what a finished tower knows, on so many batches")
    options = parser.parse_args(arguments)
    device = common.start(options)
    if options.solve:
        return solve(options, sight.CENTRES)
    tower = Tower().to(device)
    trainer = common.Trainer("vqa_tower", tower, options, lambda name: ".blocks." in name or ".merger." in name, smoothing=0.99)

    def read(scenes: list[world.Scene], rng: np.random.Generator | None) -> tuple[torch.Tensor, dict[str, float]]:
        meant = np.stack([sight.channels(scene, vqa_config.WIDTH) for scene in scenes]).reshape(-1, vqa_config.WIDTH)
        with common.fast_products(device):
            said = tower(pictures_of(scenes, rng).to(device)).float().flatten(0, 1) / vqa_config.SCALE
        return loss_and_right(said, torch.from_numpy(meant).to(device))

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        grid = world.sample_grid(rng)
        return read([sample(rng, grid) for _ in range(options.batch)], rng)

    if trainer.run(loss_of):
        tower.load_state_dict(trainer.ema, strict=False)
        tower.eval()
        with torch.no_grad():
            for grid in world.GRIDS:
                for wear in (False, True):
                    rng = np.random.default_rng(777)
                    loss, right = read([sample(rng, grid, "held") for _ in range(64)], rng if wear else None)
                    shares = ", ".join(f"{name} {share:.4f}" for name, share in right.items())
                    trainer.log(f"held-out pictures of {grid[0]}x{grid[1]} cells{', worn' if wear else ''}: loss {loss.item():.3f}, cells all right: {shares}")


if __name__ == "__main__":
    main()
