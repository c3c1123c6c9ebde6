"""The semantic VQ: vision tower and codebook, pixels -> codes. Only image to image needs it.

The codebook is trained as a classifier: code k is the direction in which patches of meaning k lie. So every code has a
meaning from the start, none dies, and the codes the AR model learns are known before this stage has run.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, config, world
from .vae import pixels

SHARPNESS = 16.0  # of the cosine between a patch and a code


class Reader(nn.Module):
    """GlmImageVisionModel and GlmImageVQVAE."""

    def __init__(self):
        super().__init__()
        from transformers import GlmImageVisionConfig, GlmImageVQVAEConfig
        from transformers.models.glm_image.modeling_glm_image import GlmImageVisionModel, GlmImageVQVAE
        self.visual = GlmImageVisionModel(GlmImageVisionConfig(**config.VISION))
        self.vqmodel = GlmImageVQVAE(GlmImageVQVAEConfig(**config.VQ))
        self.vqmodel.requires_grad_(True)
        self.vqmodel.post_quant_conv.requires_grad_(False)  # in the file, used by nobody
        with torch.no_grad():
            self.visual.embeddings.position_embedding.weight.copy_(0.5 * waves(16, config.VISION["hidden_size"]))
            nn.init.kaiming_normal_(self.visual.patch_embed.proj.weight, nonlinearity="linear")
            self.vqmodel.quantize.embedding.weight.copy_(config.factor_embedding(config.CODES, config.VQ["embed_dim"], 1.0, seed=4))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """[n, 3, height, width] in -1..1 -> cosines with every code [n * patches, codes]."""
        patches, grid = patchify(pictures)
        hidden = self.visual(patches, grid_thw=grid).last_hidden_state
        hidden = F.linear(hidden, self.vqmodel.quant_conv.weight[:, :, 0, 0], self.vqmodel.quant_conv.bias)
        return F.normalize(hidden.float(), dim=-1) @ F.normalize(self.vqmodel.quantize.embedding.weight, dim=-1).T


def waves(side: int, width: int) -> torch.Tensor:
    """Sines and cosines of row and column [side * side, width]: a start from which looking at a neighbour is easy to learn."""
    frequencies = torch.exp(-torch.arange(width // 4) / (width // 4) * np.log(30.0)) * 1.5
    angles = torch.arange(side)[:, None] * frequencies
    line = torch.cat([angles.sin(), angles.cos()], dim=1)
    return torch.cat([line.repeat_interleave(side, 0), line.repeat(side, 1)], dim=1)


def patchify(pictures: torch.Tensor, patch: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    """(patches [n * rows * cols, 3 * 16 * 16] in the processor's order, grid [n, 3])."""
    count, channels, height, width = pictures.shape
    rows, cols = height // patch, width // patch
    patches = pictures.view(count, channels, rows, patch, cols, patch).permute(0, 2, 4, 1, 3, 5).reshape(count * rows * cols, -1)
    return patches, torch.tensor([[1, rows, cols]] * count, device=pictures.device)


def scales(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture as it is (16x16 patches) and halved (8x8), which is what the processor does to a source of this size."""
    return pictures, F.interpolate(pictures, scale_factor=0.5, mode="bicubic", antialias=True).clamp(-1, 1)


def main(arguments: list[str] | None = None) -> None:
    options = common.arguments("vq", steps=1500, batch=12, rate=2e-3).parse_args(arguments)
    device = common.start(options)
    reader = Reader().to(device)
    trainer = common.Trainer("vq", reader, options, lambda name: ".blocks." in name)

    def read(scenes: list[world.Scene], noise: float) -> list[tuple[torch.Tensor, torch.Tensor]]:
        pictures = pixels(np.stack([world.render(scene) for scene in scenes])).to(device)
        pictures = pictures + noise * torch.randn_like(pictures)  # generated sources are not quite flat
        pairs = []
        for scaled in scales(pictures):
            rows, cols = scaled.shape[2] // 16, scaled.shape[3] // 16
            meant = torch.from_numpy(np.stack([world.codes(scene, rows, cols) for scene in scenes]).ravel()).to(device)
            with torch.autocast(device.type, torch.bfloat16):
                pairs.append((reader(scaled), meant))
        return pairs

    def loss_of(step: int):
        rng = common.data_rng(options, step)
        torch.manual_seed(options.seed + step)
        loss, logs = torch.zeros((), device=device), {}
        for name, (cosines, meant) in zip(("preview", "large"), read([world.sample(rng) for _ in range(options.batch)], 0.02)):
            weight = torch.where(meant < world.FIRST_TEXT, 0.1, 1.0)
            each = F.cross_entropy(SHARPNESS * cosines, meant, reduction="none")
            loss = loss + (each * weight).sum() / weight.sum()
            content = meant >= world.FIRST_TEXT
            logs[name] = (cosines.argmax(-1) == meant)[content].float().mean().item()
        return loss, logs

    if trainer.run(loss_of):
        reader.load_state_dict(trainer.ema)
        reader.eval()
        rng = np.random.default_rng(777)
        with torch.no_grad():
            for name, (cosines, meant) in zip(("preview", "large"), read([world.sample(rng, split="held") for _ in range(48)], 0.0)):
                right = cosines.argmax(-1) == meant
                trainer.log(f"held-out {name}: {right.float().mean():.4f} of codes right, {right[meant >= world.FIRST_TEXT].float().mean():.4f} off the background")


if __name__ == "__main__":
    main()
