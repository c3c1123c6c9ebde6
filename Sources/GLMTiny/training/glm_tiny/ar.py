"""The autoregressive model: prompt -> codes of the preview grid, then codes of the large grid.

The targets are the world's semantic codes, which the VQ stage learns to read from pixels: so this stage needs no
other stage's weights and can run beside them.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, config, world
from .tokenizer import build_tokenizer, prompt_ids

PROMPT_ROOM = 40  # longest prompt of the world with its grid tokens: 36


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


def sequence(tokenizer, scene: world.Scene) -> tuple[list[int], np.ndarray, int]:
    """(ids, positions [3, ids], length of the prompt) of a whole text to image sequence, the end token included."""
    prompt = prompt_ids(tokenizer, scene.prompt, scene.height, scene.width)
    ids, base = list(prompt), len(prompt)
    positions = [np.tile(np.arange(base), (3, 1))]
    for rows, cols in (world.preview_size(scene.height, scene.width), (scene.height, scene.width)):
        ids += world.codes(scene, rows, cols).ravel().tolist()
        positions.append(np.stack([np.full(rows * cols, base), base + np.repeat(np.arange(rows), cols), base + np.tile(np.arange(cols), rows)]))
        base += max(rows, cols)
    ids.append(config.IMAGE_END)
    positions.append(np.full((3, 1), base))
    return ids, np.concatenate(positions, axis=1), len(prompt)


def batch_of(tokenizer, scenes: list[world.Scene], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs [batch, length], positions [3, batch, length], targets [batch, length] with -100 where nothing is learnt.

    Padded on the right to one length: attention is causal, so nothing looks at the padding and no mask is needed.
    """
    rows = [sequence(tokenizer, scene) for scene in scenes]
    length = PROMPT_ROOM + max(len(ids) - prompt for ids, _, prompt in rows) - 1
    inputs = np.full((len(rows), length), tokenizer.pad_token_id, np.int64)
    targets = np.full((len(rows), length), -100, np.int64)
    positions = np.zeros((3, len(rows), length), np.int64)
    for i, (ids, place, prompt) in enumerate(rows):
        inputs[i, :len(ids) - 1] = ids[:-1]
        positions[:, i, :len(ids) - 1] = place[:, :-1]
        targets[i, prompt - 1:len(ids) - 1] = ids[prompt:]
    return tuple(torch.from_numpy(a).to(device) for a in (inputs, positions, targets))


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("ar", steps=1500, batch=8, rate=2e-3)
    parser.add_argument("--words", type=float, default=world.FAMILIES["word"], help="share of prompts with a quoted word")
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

    def loss_of(step: int):
        rng = common.data_rng(options, step)
        inputs, positions, targets = batch_of(tokenizer, [world.sample(rng, family(rng)) for _ in range(options.batch)], device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = forward(inputs, positions)
        wanted = targets >= 0
        chosen, right = logits[wanted].float(), targets[wanted]
        loss = F.cross_entropy(chosen, right)
        with torch.no_grad():
            wrong = (chosen.argmax(-1) != right).float().sum().item() / options.batch
        return loss, {"nats a picture": loss.item() * len(right) / options.batch, "wrong codes a picture": wrong}

    trainer.run(loss_of)


if __name__ == "__main__":
    main()
