"""The diffusion transformer with its glyph encoder: codes of the large grid, the quoted word, a source's latents -> latents.

Flow matching: x = (1 - sigma) * latents + sigma * noise, the model predicts noise - latents and is conditioned on
1000 * sigma - 1, because the pipeline passes its raw timestep less one.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, config, glyph, vae as vae_stage, world
from .latents import Pool


GUIDANCE = 0.1  # weight of the loss that guides attention


class Condition:
    """Keys and values that a source picture leaves in each layer: GlmImageKVCache for a whole batch at once, with gradients."""

    def __init__(self, layers: int):
        self.mode, self.layers = "write", [[] for _ in range(layers)]

    def __getitem__(self, layer: int):
        return self.mode, self.layers[layer]


class PlainAttention:
    """The attention of GlmImageAttnProcessor as two products; on a CPU much faster to train than the fused one at 260 tokens.

    Keeps the first head's weights [n, tokens, tokens] of the last call, text before picture, for the loss that guides them.
    """

    def __call__(self, attn, hidden_states, encoder_hidden_states, attention_mask=None, image_rotary_emb=None, kv_cache=None):
        from diffusers.models.embeddings import apply_rotary_emb
        texts = encoder_hidden_states.shape[1]
        joined = torch.cat([encoder_hidden_states, hidden_states], dim=1)
        query, key, value = (project(joined).unflatten(2, (attn.heads, -1)) for project in (attn.to_q, attn.to_k, attn.to_v))
        query, key = attn.norm_q(query), attn.norm_k(key)
        query, key = (torch.cat([x[:, :texts], apply_rotary_emb(x[:, texts:], image_rotary_emb, sequence_dim=1, use_real_unbind_dim=-2)], dim=1)
                      .to(value.dtype) for x in (query, key))
        if kv_cache is not None:
            mode, kept = kv_cache
            if mode == "write":
                kept[:] = [key, value]
            else:
                key, value = torch.cat([kept[0], key], dim=1), torch.cat([kept[1], value], dim=1)
        query, key, value = (x.transpose(1, 2) for x in (query, key, value))
        weights = (query * query.shape[-1] ** -0.5 @ key.transpose(2, 3)).softmax(-1)
        self.first_head, weights = weights[:, 0], weights.to(value.dtype)
        output = attn.to_out[0]((weights @ value).transpose(1, 2).flatten(2))
        return output[:, texts:], output[:, :texts]


class Painter(nn.Module):
    """GlmImageTransformer2DModel and the T5 encoder, trained together."""

    def __init__(self):
        super().__init__()
        from diffusers import GlmImageTransformer2DModel
        self.transformer = GlmImageTransformer2DModel(**config.TRANSFORMER)
        self.text_encoder = glyph.build()
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

    def forward(self, noisy, sigma, prior, drop, glyphs, size, condition=None):
        """noisy [n, 16, h, w], sigma [n], prior and drop [n, h * w / 4], glyphs [n, bytes], size of the whole picture in px -> velocity [n, 16, h, w]."""
        return self._transformer(noisy, self.text_encoder(glyphs).last_hidden_state, prior, drop, 1000 * sigma - 1, size, condition)

    def look_at(self, latents, prior, size) -> Condition:
        """The source's pass that fills the cache: time step 0, its own codes, no text."""
        condition = Condition(len(self.transformer.transformer_blocks))
        no_text = latents.new_zeros(len(latents), 0, config.GLYPH["d_model"])
        self._transformer(latents, no_text, prior, torch.zeros_like(prior, dtype=torch.bool), latents.new_zeros(len(latents)), size, condition)
        condition.mode = "read"
        return condition

    def _transformer(self, latents, texts, prior, drop, timestep, size, condition):
        size = torch.tensor([size], device=latents.device, dtype=latents.dtype).repeat(len(latents), 1)
        return self.transformer(
            hidden_states=latents, encoder_hidden_states=texts, prior_token_id=prior, prior_token_drop=drop, timestep=timestep,
            target_size=size, crop_coords=torch.zeros_like(size), kv_caches=condition, return_dict=False)[0]


def upsampled(codes: np.ndarray) -> np.ndarray:
    """Codes of the large grid, each repeated over the 2x2 DiT patches it covers, flat."""
    return np.kron(codes, np.ones((2, 2), np.int64)).ravel()


def codes_of(scene: world.Scene) -> np.ndarray:
    return world.codes(scene, scene.height, scene.width)


def prior_ids(scene: world.Scene) -> np.ndarray:
    return upsampled(codes_of(scene))


Window = tuple[slice, slice]  # rows and columns of cells


def windows(rng: np.random.Generator, scenes: list[world.Scene]) -> list[Window]:
    """A window on each scene's word, or on one of its shapes, all of one size: two thirds of a picture are flat background,
    and a step on windows costs as much as one on half as many whole pictures."""
    length = len(scenes[0].word.text) if scenes[0].word else 0
    rows, cols = (4, max(4, length + 2)) if length else (5, 5)
    chosen = []
    for scene in scenes:
        row, col, tall, wide = 0, 0, scene.height, scene.width
        if scene.word:
            row, col, tall, wide = scene.word.row, scene.word.col, 2, length
        elif scene.shapes:
            shape = scene.shapes[rng.integers(len(scene.shapes))]
            row, col, tall, wide = shape.row, shape.col, world.SIZES[shape.size], world.SIZES[shape.size]
        ends = []
        for start, side, room, size in ((row, tall, rows, scene.height), (col, wide, cols, scene.width)):
            first, last = sorted((start, start + side - room))
            begin = int(rng.integers(max(0, first), min(size - room, last) + 1))
            ends.append(slice(begin, begin + room))
        chosen.append(tuple(ends))
    return chosen


def cut(latents: torch.Tensor, window: Window) -> torch.Tensor:
    """A window of latents [..., rows * 4, cols * 4]."""
    rows, cols = (slice(4 * side.start, 4 * side.stop) for side in window)
    return latents[..., rows, cols]


def cell_weights(codes: np.ndarray) -> np.ndarray:
    """Weights of the loss [n, rows, cols] with mean 1: flat background is most of a picture and soon learnt, letters are small."""
    weights = np.where(codes < world.FIRST_TEXT, 0.2, np.where(codes < world.FIRST_SHAPE, 2.0, 1.0))
    return weights / weights.mean()


def astray(blocks: nn.ModuleList, codes: np.ndarray) -> torch.Tensor:
    """Guides attention: in the first two layers one head shall look from a letter's patches to that letter's byte.

    Mean of -log of the weight it gives it. Without this the model knows for an hour which letters a word has, but not where each goes.
    """
    index = world.letter_index(codes).repeat(2, 1).repeat(2, 2).reshape(len(codes), -1)
    picture, patch = np.nonzero(index >= 0)
    losses = []
    for block in blocks[:2]:
        weights = block.attn1.processor.first_head
        texts = weights.shape[1] - index.shape[1]
        losses.append(-(weights[picture, texts + patch, index[picture, patch]].float() + 1e-6).log().mean())
    return sum(losses) / len(losses)


def blocks_of(name: str) -> bool:
    """The matrices Muon takes; adaLN's are many and see one vector a picture, AdamW does for them."""
    return ("transformer_blocks." in name and "norm1" not in name) or (".block." in name and "relative" not in name)


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("dit", steps=15000, batch=8, rate=2e-3)
    parser.add_argument("--pool", type=int, default=6144, help="items with latents to keep")
    parser.add_argument("--words", type=float, default=0.6, help="share of batches with a quoted word")
    parser.add_argument("--edits", type=float, default=0.15, help="share of batches with a source picture")
    parser.add_argument("--whole", type=float, default=0.25, help="share of batches of whole pictures; the others are twice as many windows")
    options = parser.parse_args(arguments)
    device = common.start(options)
    pool = Pool(options, vae_stage.load(options), options.pool)
    pool.grow(max(0, 256 - pool.count))
    painter = Painter().to(device)
    if (options.work / "glyph" / "state.pt").exists():
        start = {name.removeprefix("text_encoder."): value for name, value in common.smoothed(options.work, "glyph").items() if name.startswith("text_encoder.")}
        painter.text_encoder.load_state_dict(start)
    for block in painter.transformer.transformer_blocks:
        block.attn1.set_processor(PlainAttention())
    trainer = common.Trainer("dit", painter, options, blocks_of)
    if options.compile:
        painter.transformer.compile_repeated_blocks(fullgraph=True)  # one block compiles in seconds, all of it in minutes

    def loss_of(step: int):
        pool.grow(1)
        rng = common.step_rng(options, step)
        whole = rng.random() < options.whole
        items, latents = pool.draw(rng, options.batch if whole else 2 * options.batch, options.words, options.edits)
        editing = isinstance(items[0], world.Edit)
        scenes = [item.target for item in items] if editing else items
        worded, size = scenes[0].word is not None, (scenes[0].height * world.CELL, scenes[0].width * world.CELL)
        parts = [(slice(0, scene.height), slice(0, scene.width)) for scene in scenes] if whole else windows(rng, scenes)
        latents = torch.stack([cut(picture, part) for picture, part in zip(latents, parts)])
        clean = latents[:, -1]
        # Which letter it is, and where an outline runs, is decided where there is most noise.
        sigma = 1 / (1 + np.exp(-((1.8 if worded else 0.5) + 1.2 * rng.standard_normal(len(items)))))
        sigma = np.where(rng.random(len(items)) < 0.1, rng.random(len(items)), sigma)
        codes = np.stack([codes_of(scene)[part] for scene, part in zip(scenes, parts)])
        true_codes = codes
        weights = torch.from_numpy(cell_weights(codes)).float().to(device).repeat_interleave(4, 1).repeat_interleave(4, 2)
        if rng.random() < 0.5:  # the AR model errs now and then
            codes = np.where(rng.random(codes.shape) < 0.01, rng.integers(world.USED_CODES, size=codes.shape), codes)
        prior = torch.from_numpy(np.stack([upsampled(grid) for grid in codes])).to(device)
        # The branch that guidance compares with: prior dropped, no glyphs and no source, exactly the pipeline's.
        without = rng.random() < 0.06
        glyphs = torch.tensor([glyph.ids(scene.word.text if worded and not without else "") for scene in scenes], device=device)
        sigma = torch.from_numpy(sigma).float().to(device)
        noise = torch.randn(clean.shape).to(device)
        mix = sigma.view(-1, 1, 1, 1)
        with common.fast_products(device):
            condition = None
            if editing and not without:
                source = latents[:, 0] + 0.05 * torch.randn(clean.shape).to(device)  # sources that this model drew are not quite clean
                seen = np.stack([upsampled(codes_of(item.source)[part]) for item, part in zip(items, parts)])
                condition = painter.look_at(source, torch.from_numpy(seen).to(device), size)
            velocity = painter((1 - mix) * clean + mix * noise, sigma, prior, torch.full_like(prior, without, dtype=torch.bool), glyphs, size, condition)
        error = (velocity.float() - (noise - clean)).square().mean(1)
        kind = "without" if without else "edit" if editing else "word" if worded else "shapes"
        loss, logs = (error * weights).mean(), {kind: error.mean().item()}
        if kind == "word":
            strayed = astray(painter.transformer.transformer_blocks, true_codes)
            loss, logs["astray"] = loss + GUIDANCE * strayed, strayed.item()
        return loss, logs

    trainer.run(loss_of)


if __name__ == "__main__":
    main()
