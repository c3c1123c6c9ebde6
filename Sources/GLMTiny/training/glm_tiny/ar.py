"""The autoregressive model: prompt -> codes of the preview grid, then codes of the large grid;
source's codes and instruction -> codes of the large grid.

The targets are the world's semantic codes, which the VQ stage learns to read from pixels: so this stage needs no
other stage's weights and can run beside them.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, config, world
from .tokenizer import build_tokenizer, edit_ids, prompt_ids

# Lengths of every batch of a kind where the model is compiled, so that it compiles twice. The longest sequences are 347 and 187.
DRAW_LENGTH, EDIT_LENGTH = 356, 192
SHARES = {"recolour": 0.4, "remove": 0.28, "put": 0.22, "ground": 0.1}  # of edits; which shape is meant is what takes longest to learn


def grouped_attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    """Causal attention as three products; on a CPU twice as fast to train as the fused one at these lengths.

    query [batch, heads, length, width], key and value [batch, fewer heads, length, width].
    """
    batch, heads, length, width = query.shape
    groups = key.shape[1]
    grouped = (query * scaling).reshape(batch, groups, -1, width)
    scores = (grouped @ key.transpose(2, 3)).view(batch, heads, length, length)
    ahead = torch.full((length, length), float("-inf"), dtype=scores.dtype, device=scores.device).triu(1)
    weights = (scores + ahead).softmax(-1).view(batch, groups, -1, length)
    return (weights @ value).view(batch, heads, length, width).transpose(1, 2), None


class TextModel(nn.Module):
    """The language model and the head of GlmImageForConditionalGeneration, without its vision tower."""

    def __init__(self, tokenizer):
        super().__init__()
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.models.glm_image.modeling_glm_image import GlmImageTextModel
        settings = config.ar_config(tokenizer).text_config
        AttentionInterface.register("grouped", grouped_attention)
        AttentionMaskInterface.register("grouped", lambda *_, **__: None)
        settings._attn_implementation = "grouped"
        self.language_model = GlmImageTextModel(settings)
        self.lm_head = nn.Linear(settings.hidden_size, settings.vision_vocab_size, bias=False)
        with torch.no_grad():
            # Each sublayer ends in a norm, so it would drown embeddings of the usual size.
            self.language_model.embed_tokens.weight.normal_(0, 0.5)
            self.language_model.embed_tokens.weight[:config.CODES] = config.factor_embedding(config.CODES, settings.hidden_size, 0.5, seed=1)
            self.lm_head.weight.normal_(0, 0.02)
            self.lm_head.weight[:config.CODES] = config.factor_embedding(config.CODES, settings.hidden_size, 0.02, seed=2)
            for name, weight in self.language_model.named_parameters():
                if "post_self_attn_layernorm" in name or "post_mlp_layernorm" in name:
                    weight.fill_(0.4)

    def forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        hidden = self.language_model(input_ids=ids, position_ids=positions, use_cache=False).last_hidden_state
        return self.lm_head(hidden)


Sequence = tuple[list[int], np.ndarray, int]  # ids, positions [3, ids], number of ids that are given


def grid_positions(start: int, rows: int, cols: int) -> np.ndarray:
    """Positions (time, row, column) of a grid of codes, row by row: [3, rows * cols]. Text goes on at start + max(rows, cols)."""
    return start + np.stack([np.zeros(rows * cols, np.int64), np.repeat(np.arange(rows), cols), np.tile(np.arange(cols), rows)])


def _extended(given: list[int], places: list[np.ndarray], base: int, scene: world.Scene, grids: list[tuple[int, int]]) -> Sequence:
    """A prompt whose text ends before position `base`, with the scene's codes on each grid and the end token behind it."""
    ids = list(given)
    for rows, cols in grids:
        ids += world.codes(scene, rows, cols).ravel().tolist()
        places.append(grid_positions(base, rows, cols))
        base += max(rows, cols)
    ids.append(config.IMAGE_END)
    places.append(np.full((3, 1), base))
    return ids, np.concatenate(places, axis=1), len(given)


def drawing(tokenizer, scene: world.Scene) -> Sequence:
    """A whole text to image sequence."""
    prompt = prompt_ids(tokenizer, scene.prompt, scene.height, scene.width)
    grids = [world.preview_size(scene.height, scene.width), (scene.height, scene.width)]
    return _extended(prompt, [np.tile(np.arange(len(prompt)), (3, 1))], len(prompt), scene, grids)


def editing(tokenizer, edit: world.Edit, misread: np.ndarray | None = None) -> Sequence:
    """A whole image to image sequence. `misread` [rows, cols] stands for the source's codes where the vision tower errs."""
    source, target = edit.source, edit.target
    codes = world.codes(source, source.height, source.width) if misread is None else misread
    text = edit_ids(tokenizer, target.prompt, target.height, target.width)
    after = 1 + max(source.height, source.width)
    places = [np.zeros((3, 1), np.int64), grid_positions(1, source.height, source.width), np.tile(after + np.arange(len(text)), (3, 1))]
    return _extended([config.IMAGE_START, *codes.ravel().tolist(), *text], places, after + len(text), target, [(target.height, target.width)])


def batch_of(tokenizer, rows: list[Sequence], length: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs [batch, length], positions [3, batch, length], targets [batch, length] with -100 where nothing is learnt.

    Padded on the right to one length: attention is causal, so nothing looks at the padding and no mask is needed.
    """
    inputs = np.full((len(rows), length), tokenizer.pad_token_id, np.int64)
    targets = np.full((len(rows), length), -100, np.int64)
    positions = np.zeros((3, len(rows), length), np.int64)
    for i, (ids, place, given) in enumerate(rows):
        inputs[i, :len(ids) - 1] = ids[:-1]
        positions[:, i, :len(ids) - 1] = place[:, :-1]
        targets[i, given - 1:len(ids) - 1] = ids[given:]
    return tuple(torch.from_numpy(a).to(device) for a in (inputs, positions, targets))


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("ar", steps=6000, batch=8, rate=1.5e-3)
    parser.add_argument("--words", type=float, default=0.3, help="share of prompts with a quoted word")
    parser.add_argument("--edits", type=float, default=0.4, help="share of steps that learn edits, with twice as many pictures")
    parser.add_argument("--square", type=float, default=world.GRIDS[8, 8], help="share of square pictures")
    options = parser.parse_args(arguments)
    device = common.start(options)
    tokenizer = build_tokenizer()
    model = TextModel(tokenizer).to(device)
    trainer = common.Trainer("ar", model, options, lambda name: ".layers." in name)
    forward = torch.compile(model) if options.compile else model

    def family(rng: np.random.Generator) -> str:
        if rng.random() < options.words:
            return "word"
        others = {name: share for name, share in world.FAMILIES.items() if name != "word"}
        return str(rng.choice(list(others), p=np.array(list(others.values())) / sum(others.values())))

    def grid(rng: np.random.Generator) -> tuple[int, int]:
        return (8, 8) if rng.random() < options.square else ((8, 10), (10, 8))[rng.integers(2)]

    def edit(rng: np.random.Generator, size: tuple[int, int]) -> Sequence:
        drawn = world.sample_edit(rng, grid=size, shares=SHARES)
        codes = world.codes(drawn.source, drawn.source.height, drawn.source.width)
        if rng.random() < 0.1:
            codes = np.where(rng.random(codes.shape) < 0.02, rng.integers(world.USED_CODES, size=codes.shape), codes)
        return editing(tokenizer, drawn, codes)

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        editing_now, size = rng.random() < options.edits, grid(rng)
        if editing_now:
            rows = [edit(rng, size) for _ in range(2 * options.batch)]
        else:
            rows = [drawing(tokenizer, world.sample(rng, family(rng), grid=size)) for _ in range(options.batch)]
        longest = (EDIT_LENGTH if editing_now else DRAW_LENGTH) if options.compile else max(len(ids) for ids, _, _ in rows) - 1
        batch = batch_of(tokenizer, rows, longest, device)
        inputs, positions, targets = batch
        with common.fast_products(device):
            logits = forward(inputs, positions)
        wanted = targets >= 0
        chosen, right = logits[wanted].float(), targets[wanted]
        loss = F.cross_entropy(chosen, right)
        with torch.no_grad():
            wrong = (chosen.argmax(-1) != right).float().sum().item() / len(inputs)
        nats, kind = loss.item() * len(right) / len(inputs), "edit" if editing_now else "drawing"
        return loss, {f"nats of a {kind}": nats, f"wrong codes of a {kind}": wrong}

    trainer.run(loss_of)


if __name__ == "__main__":
    main()
