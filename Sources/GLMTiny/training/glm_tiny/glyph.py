"""A start for the glyph encoder: its output at each letter shall say which letter it is, its place, and how many there are.

The transformer needs all three to draw a letter, but its loss asks for them only faintly and late. Asked directly, with three
linear heads that are thrown away, a T5 this small learns them in a minute.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, config, world


def ids(text: str) -> list[int]:
    """ByT5: byte + 3, then the end token. No quoted text is the empty string."""
    return [byte + 3 for byte in text.encode()] + [1]


def build() -> nn.Module:
    from transformers import T5Config, T5EncoderModel
    return T5EncoderModel(T5Config(**config.GLYPH, pad_token_id=0, eos_token_id=1, is_encoder_decoder=False, use_cache=False))


class Speller(nn.Module):
    def __init__(self):
        super().__init__()
        self.text_encoder = build()
        self.heads = nn.ModuleList(nn.Linear(config.GLYPH["d_model"], n) for n in (len(world.LETTERS), world.WORD_MAX, world.WORD_MAX))


def main(arguments: list[str] | None = None) -> None:
    options = common.arguments("glyph", steps=600, batch=64, rate=2e-3).parse_args(arguments)
    device = common.start(options)
    speller = Speller().to(device)
    trainer = common.Trainer("glyph", speller, options, lambda name: ".block." in name and "relative" not in name)

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        loss, right = torch.zeros((), device=device), []
        for length in range(1, world.WORD_MAX + 1):
            letters = rng.integers(len(world.LETTERS), size=(options.batch, length))
            words = torch.tensor([ids("".join(world.LETTERS[i] for i in row)) for row in letters], device=device)
            hidden = speller.text_encoder(words).last_hidden_state[:, :length]
            meant = (letters, np.tile(np.arange(length), (options.batch, 1)), np.full_like(letters, length - 1))
            for head, labels in zip(speller.heads, meant):
                scores, labels = head(hidden).flatten(0, 1), torch.from_numpy(labels).flatten().to(device)
                loss = loss + F.cross_entropy(scores, labels) / world.WORD_MAX
                right.append((scores.argmax(-1) == labels).float().mean().item())
        return loss, {"right": float(np.mean(right))}

    trainer.run(loss_of)


if __name__ == "__main__":
    main()
