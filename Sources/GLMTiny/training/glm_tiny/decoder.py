"""The VAE's decoder alone, after the rest of the VAE: the latents, and so the DiT, stay as they are.

It sees latents of whole pictures, out of the DiT's pool: an encoder that is given a crop normalises its groups over the crop and
makes other latents of it. What is left to learn is where edges run, so the square of an error counts more than its size.
"""
from __future__ import annotations

import numpy as np
import torch

from . import common, vae as vae_stage, world
from .dit import cut, windows
from .latents import LENGTHS, Pool


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("decoder", steps=600, batch=2, rate=5e-4)
    parser.add_argument("--pool", type=int, default=6144, help="items of the DiT's pool to use, as far as they are there")
    parser.add_argument("--whole", type=float, default=0.4, help="share of steps on one whole picture; the others are on windows")
    options = parser.parse_args(arguments)
    device = common.start(options)
    vae = vae_stage.load(options)
    pool = Pool(options, vae, options.pool)
    pool.grow(max(0, 256 - pool.count))
    groups = list(pool.groups.values())
    share = np.array([len(group) * (0.3 if kind in LENGTHS else 1) for (_, kind), group in pool.groups.items()])  # half of the pool is words
    share /= share.sum()
    mean, std = (torch.tensor(value).view(1, -1, 1, 1) for value in (vae.config.latents_mean, vae.config.latents_std))
    vae.decoder.requires_grad_(True)
    trainer = common.Trainer("decoder", vae, options, lambda name: False, smoothing=0.99)

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        group, whole = groups[rng.choice(len(groups), p=share)], rng.random() < options.whole
        items = [group[i] for i in rng.integers(len(group), size=1 if whole else options.batch)]
        scenes = [item.target if isinstance(item, world.Edit) else item for item, _ in items]
        latents = torch.stack([latents[-1] for _, latents in items]).float()
        pictures = vae_stage.pixels(np.stack([world.render(scene) for scene in scenes]))
        if not whole:
            parts = windows(rng, scenes)
            latents = torch.stack([cut(one, part) for one, part in zip(latents, parts)])
            pictures = torch.stack([one[:, rows.start * world.CELL:rows.stop * world.CELL, cols.start * world.CELL:cols.stop * world.CELL]
                                    for one, (rows, cols) in zip(pictures, parts)])
        latents = latents * std + mean + vae_stage.NOISE * torch.randn_like(latents)
        with common.fast_products(device):
            output = vae.decode(latents.to(device, memory_format=torch.channels_last)).sample
        error = output.float() - pictures.to(device)
        square = error.square().mean()
        return error.abs().mean() + 8 * square, {"whole" if whole else "window": square.item()}

    if trainer.run(loss_of):
        vae.load_state_dict(trainer.ema)
        vae.eval()
        trainer.log("held-out pictures: PSNR %.1f dB, worst %.1f dB" % vae_stage.psnr(vae, device))


if __name__ == "__main__":
    main()
