"""The semantic VQ: vision tower and codebook, pixels -> codes. Only image to image needs it.

The codebook is trained as a classifier: code k is the direction in which patches of meaning k lie. So every code has a
meaning from the start, none dies, and the codes the AR model learns are known before this stage has run.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
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


def halved(picture: np.ndarray) -> np.ndarray:
    """What the processor makes of a source whose shorter side is 256 px: half of it, so that a patch of 16 px covers a cell of 32."""
    height, width, _ = picture.shape
    return np.asarray(Image.fromarray(picture).resize((width // 2, height // 2), Image.BICUBIC))


def worn(pictures: torch.Tensor) -> torch.Tensor:
    """Halved pictures [n, 3, h, w] with the faults of generated sources: soft edges, uneven areas, noise. Every third stays as it is."""
    count, _, height, width = pictures.shape
    strength = torch.rand(3, count, 1, 1, 1) * (torch.rand(count, 1, 1, 1) > 0.33)
    soft = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    uneven = F.interpolate(torch.randn(count, 3, height // 8, width // 8), (height, width), mode="bilinear")
    mixed = torch.lerp(pictures, soft, 0.7 * strength[0])
    return (mixed + 0.06 * strength[1] * uneven + 0.05 * strength[2] * torch.randn_like(pictures)).clamp(-1, 1)


def main(arguments: list[str] | None = None) -> None:
    options = common.arguments("vq", steps=2500, batch=32, rate=2e-3).parse_args(arguments)
    device = common.start(options)
    reader = Reader().to(device)
    trainer = common.Trainer("vq", reader, options, lambda name: ".blocks." in name)

    def read(scenes: list[world.Scene], wear: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """(cosines [cells, codes], the codes meant [cells]) of scenes of one size."""
        pictures = pixels(np.stack([halved(world.render(scene)) for scene in scenes]))
        pictures = (worn(pictures) if wear else pictures).to(device)
        meant = torch.from_numpy(np.stack([world.codes(scene, scene.height, scene.width) for scene in scenes]).ravel()).to(device)
        with common.fast_products(device):
            return reader(pictures), meant

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        grid = world.sample_grid(rng)
        cosines, meant = read([world.sample(rng, grid=grid) for _ in range(options.batch)], wear=True)
        weight = torch.where(meant < world.FIRST_TEXT, 0.1, 1.0)
        loss = (F.cross_entropy(SHARPNESS * cosines, meant, reduction="none") * weight).sum() / weight.sum()
        right = cosines.argmax(-1) == meant
        content = meant >= world.FIRST_TEXT
        return loss, {"right": right[content].float().mean().item(), "background": right[~content].float().mean().item()}

    if trainer.run(loss_of):
        reader.load_state_dict(trainer.ema)
        reader.eval()
        with torch.no_grad():
            for grid in world.GRIDS:
                for wear in (False, True):
                    rng = np.random.default_rng(777)
                    cosines, meant = read([world.sample(rng, split="held", grid=grid) for _ in range(96)], wear)
                    right, content = cosines.argmax(-1) == meant, meant >= world.FIRST_TEXT
                    trainer.log(f"held-out pictures of {grid[0]}x{grid[1]} cells{', worn' if wear else ''}: {right.float().mean():.4f} of codes right, "
                                f"{right[content].float().mean():.4f} off the background, {right.view(96, -1).all(1).float().mean():.3f} of pictures whole")


if __name__ == "__main__":
    main()
