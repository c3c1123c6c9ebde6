"""The diffusion transformer with its glyph encoder: codes of the large grid (and the quoted word) -> latents.

Flow matching: x = (1 - sigma) * latents + sigma * noise, the model predicts noise - latents and is conditioned on
1000 * sigma - 1, because the pipeline passes its raw timestep less one.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, config, vae as vae_stage, world
from .latents import Pool


class PlainAttention:
    """The attention of GlmImageAttnProcessor as two products; on a CPU much faster to train than the fused one at 260 tokens."""

    def __call__(self, attn, hidden_states, encoder_hidden_states, attention_mask=None, image_rotary_emb=None, kv_cache=None):
        from diffusers.models.embeddings import apply_rotary_emb
        texts = encoder_hidden_states.shape[1]
        joined = torch.cat([encoder_hidden_states, hidden_states], dim=1)
        query, key, value = (project(joined).unflatten(2, (attn.heads, -1)) for project in (attn.to_q, attn.to_k, attn.to_v))
        query, key = attn.norm_q(query), attn.norm_k(key)
        query, key = (torch.cat([x[:, :texts], apply_rotary_emb(x[:, texts:], image_rotary_emb, sequence_dim=1, use_real_unbind_dim=-2)], dim=1)
                      .to(value.dtype).transpose(1, 2) for x in (query, key))
        weights = (query * query.shape[-1] ** -0.5 @ key.transpose(2, 3)).softmax(-1).to(value.dtype)
        output = attn.to_out[0]((weights @ value.transpose(1, 2)).transpose(1, 2).flatten(2))
        return output[:, texts:], output[:, :texts]


class Painter(nn.Module):
    """GlmImageTransformer2DModel and the T5 encoder, trained together."""

    def __init__(self):
        super().__init__()
        from diffusers import GlmImageTransformer2DModel
        from transformers import T5Config, T5EncoderModel
        self.transformer = GlmImageTransformer2DModel(**config.TRANSFORMER)
        self.text_encoder = T5EncoderModel(T5Config(**config.GLYPH, pad_token_id=0, eos_token_id=1, is_encoder_decoder=False, use_cache=False))
        width = self.transformer.config.num_attention_heads * self.transformer.config.attention_head_dim
        with torch.no_grad():
            self.transformer.prior_token_embedding.weight.copy_(config.factor_embedding(config.CODES, width, 1.0, seed=3))
            nn.init.zeros_(self.transformer.proj_out.weight)
            nn.init.zeros_(self.transformer.norm_out.linear.weight)
            for block in self.transformer.transformer_blocks:
                nn.init.zeros_(block.norm1.linear.weight)
                nn.init.zeros_(block.norm1.linear.bias)
                for gate in (4, 5, 10, 11):  # of the twelve chunks of adaLN
                    block.norm1.linear.bias[gate * width:(gate + 1) * width] = 0.3

    def forward(self, noisy, sigma, prior, drop, glyphs):
        """noisy [n, 16, h, w], sigma [n], prior and drop [n, h * w / 4], glyphs [n, bytes] -> velocity [n, 16, h, w]."""
        count, _, height, width = noisy.shape
        size = torch.tensor([[height * 8, width * 8]], device=noisy.device, dtype=noisy.dtype).repeat(count, 1)
        return self.transformer(
            hidden_states=noisy, encoder_hidden_states=self.text_encoder(glyphs).last_hidden_state, prior_token_id=prior, prior_token_drop=drop,
            timestep=1000 * sigma - 1, target_size=size, crop_coords=torch.zeros_like(size), return_dict=False)[0]


def glyph_ids(text: str) -> list[int]:
    """ByT5: byte + 3, then the end token. No quoted text is the empty string."""
    return [byte + 3 for byte in text.encode()] + [1]


def prior_ids(scene: world.Scene) -> np.ndarray:
    """Codes of the large grid, each repeated over the 2x2 DiT patches it covers, flat."""
    return np.kron(world.codes(scene, scene.height, scene.width), np.ones((2, 2), np.int64)).ravel()


def blocks_of(name: str) -> bool:
    """The matrices Muon takes; adaLN's are many and see one vector a picture, AdamW does for them."""
    return ("transformer_blocks." in name and "norm1" not in name) or (".block." in name and "relative" not in name)


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("dit", steps=15000, batch=8, rate=2e-3)
    parser.add_argument("--pool", type=int, default=4096, help="scenes with latents to keep")
    options = parser.parse_args(arguments)
    device = common.start(options)
    pool = Pool(options, vae_stage.load(options), options.pool)
    pool.grow(max(0, 64 - pool.count))
    painter = Painter().to(device)
    for block in painter.transformer.transformer_blocks:
        block.attn1.set_processor(PlainAttention())
    trainer = common.Trainer("dit", painter, options, blocks_of)
    if options.compile:
        painter.transformer.compile_repeated_blocks(fullgraph=True)  # one block compiles in seconds, all of it in minutes

    def loss_of(step: int):
        pool.grow(1 if pool.count < 512 or step % 2 else 0)
        rng = common.data_rng(options, step)
        scenes, clean = pool.draw(rng, options.batch)
        count = len(scenes)
        worded = scenes[0].word is not None
        # Which letter it is, is decided where there is most noise; so words see more of it.
        sigma = 1 / (1 + np.exp(-((1.0 if worded else 0.3) + 1.2 * rng.standard_normal(count))))
        sigma = np.where(rng.random(count) < 0.1, rng.random(count), sigma)
        prior = np.stack([prior_ids(scene) for scene in scenes])
        if rng.random() < 0.5:  # the AR model errs now and then
            prior = np.where(rng.random(prior.shape) < 0.01, rng.integers(world.USED_CODES, size=prior.shape), prior)
        # The branch that guidance compares with: prior dropped and no glyphs, exactly the pipeline's.
        without = rng.random() < 0.08
        glyphs = torch.tensor([glyph_ids(scene.word.text if worded and not without else "") for scene in scenes], device=device)
        sigma = torch.from_numpy(sigma).float().to(device)
        prior = torch.from_numpy(prior).to(device)
        torch.manual_seed(options.seed + step)
        noise = torch.randn(clean.shape).to(device)
        mix = sigma.view(-1, 1, 1, 1)
        with torch.autocast(device.type, torch.bfloat16):
            velocity = painter((1 - mix) * clean + mix * noise, sigma, prior, torch.full_like(prior, without, dtype=torch.bool), glyphs)
        loss = F.mse_loss(velocity.float(), noise - clean)
        return loss, {}

    if trainer.run(loss_of):
        painter.load_state_dict(trainer.ema)


if __name__ == "__main__":
    main()
