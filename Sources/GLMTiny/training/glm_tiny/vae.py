"""The VAE: AutoencoderKL, eight times smaller on each side, 16 channels.

Most steps see crops of 32 or 64 px: the pictures are flat, so small crops that hold an edge teach most for their cost.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import common, config, world

# (share of steps, side of the crop in px, crops a step)
CROPS = ((0.40, 32, 24), (0.25, 64, 8), (0.20, 128, 3), (0.15, 256, 1))
NOISE = 0.05  # on the latents in training, so that the decoder forgives what the DiT leaves over


def build() -> nn.Module:
    from diffusers import AutoencoderKL
    vae = AutoencoderKL(**config.VAE, latents_mean=[0.0] * 16, latents_std=[1.0] * 16)
    for name, module in vae.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
            nn.init.zeros_(module.bias)
            if name.endswith("conv2"):  # every residual block starts as the identity; without this training stalls
                nn.init.zeros_(module.weight)
    return vae


def pixels(picture: np.ndarray) -> torch.Tensor:
    """uint8 [..., height, width, 3] -> float32 [..., 3, height, width] in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture, -1, -3))).float() / 127.5 - 1


def crops(rng: np.random.Generator, side: int, count: int) -> np.ndarray:
    """Crops on a lattice of 16 px, three of four with something in them: uint8 [count, side, side, 3]."""
    result = []
    while len(result) < count:
        picture = world.render(world.sample(rng))
        for _ in range(min(8, count - len(result))):
            y, x = (int(rng.integers((n - side) // 16 + 1)) * 16 for n in picture.shape[:2])
            crop = picture[y:y + side, x:x + side]
            if (crop != crop[0, 0]).any() or rng.random() < 0.25:
                result.append(crop)
    return np.stack(result)


@torch.no_grad()
def measure_latents(vae: nn.Module, device: torch.device, pictures: int = 48) -> None:
    """Writes the mean and deviation of each latent channel into the config: the DiT works on normalised latents."""
    rng = np.random.default_rng(12345)
    latents = torch.cat([encode(vae, world.render(world.sample(rng, grid=(8, 8)))[None], device, normalise=False) for _ in range(pictures)])
    # Rounded to what bf16 holds, because the pipeline casts them.
    mean, std = (value.to(torch.bfloat16).float().tolist() for value in (latents.mean((0, 2, 3)), latents.std((0, 2, 3))))
    vae.register_to_config(latents_mean=mean, latents_std=std)


@torch.no_grad()
def encode(vae: nn.Module, pictures: np.ndarray, device: torch.device, normalise: bool = True) -> torch.Tensor:
    """uint8 [n, height, width, 3] -> latents [n, 16, height / 8, width / 8]."""
    with common.fast_products(device):
        latents = vae.encode(pixels(pictures).to(device)).latent_dist.mode().float()
    if normalise:
        mean, std = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (vae.config.latents_mean, vae.config.latents_std))
        latents = (latents - mean) / std
    return latents


def weights(work: Path) -> dict[str, torch.Tensor]:
    """The trained autoencoder, with its refined decoder if there is one."""
    return common.smoothed(work, "decoder" if (work / "decoder" / "state.pt").exists() else "vae")


def load(options) -> nn.Module:
    vae = build()
    vae.load_state_dict(weights(options.work))
    vae.eval().requires_grad_(False)
    measure_latents(vae, torch.device("cpu"))
    return vae.to(options.device, memory_format=torch.channels_last)


@torch.no_grad()
def psnr(vae: nn.Module, device: torch.device, pictures: int = 24) -> tuple[float, float]:
    """(mean, worst) in dB over pictures of combinations never trained."""
    rng, values = np.random.default_rng(777), []
    for _ in range(pictures):
        target = pixels(world.render(world.sample(rng, split="held", grid=(8, 8)))[None]).to(device)
        output = vae.decode(vae.encode(target).latent_dist.mode()).sample.clamp(-1, 1)
        values.append(10 * float(torch.log10(4 / ((output - target) ** 2).mean())))
    return float(np.mean(values)), min(values)


def main(arguments: list[str] | None = None) -> None:
    options = common.arguments("vae", steps=4000, batch=0, rate=1.2e-3).parse_args(arguments)
    device = common.start(options)
    vae = build().to(device, memory_format=torch.channels_last)  # a third faster on a CPU than channels first
    trainer = common.Trainer("vae", vae, options, lambda name: False, smoothing=0.99)

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        _, side, count = CROPS[rng.choice(len(CROPS), p=[share for share, _, _ in CROPS])]
        target = pixels(crops(rng, side, count)).to(device)
        with common.fast_products(device):
            posterior = vae.encode(target).latent_dist
            output = vae.decode(posterior.mean + NOISE * torch.randn_like(posterior.mean)).sample
        error = output.float() - target
        square = error.square().mean()
        # The pipeline only uses the mean; the variance is held at a small value so that the file is a sane KL autoencoder.
        loss = error.abs().mean() + square + 2e-4 * posterior.mean.float().square().mean() + 1e-3 * (posterior.logvar.float() + 5).square().mean()
        return loss, {"mse": square.item()}

    if trainer.run(loss_of):
        vae.load_state_dict(trainer.ema)
        vae.eval()
        trainer.log("held-out pictures: PSNR %.1f dB, worst %.1f dB" % psnr(vae, device))


if __name__ == "__main__":
    main()
