"""The question model's language model: what the tower says of a picture and a question -> an answer, with or without thinking.

It learns beside the tower: in a share of the steps it sees what the tower says by now of worn pictures, in the others what the tower
ought to say (sight.channels), with noise and without some of it. While the learning rate falls it sees the tower alone.
Each row of a batch is one picture followed by many questions that do not see each other.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import common, questions, sight, vqa_config, world
from .ar import grid_positions
from .vqa_tokenizer import build_tokenizer, model_config
from .vqa_tower import Tower, pictures_of, sample

LENGTH = 288  # tokens of a row
SIDE = 0.6  # of the loss: before the last layer the head is to say how the two things of a question stand; the last finds whether that was asked


class TextModel(nn.Module):
    """The language model and the head of Glm4vForConditionalGeneration, without its vision tower."""

    def __init__(self, tokenizer):
        super().__init__()
        from transformers.models.glm4v.modeling_glm4v import Glm4vTextModel
        settings = model_config(tokenizer).text_config
        settings._attn_implementation = "sdpa"
        self.language_model = Glm4vTextModel(settings)
        self.lm_head = nn.Linear(settings.hidden_size, settings.vocab_size, bias=False)
        with torch.no_grad():
            # Each sublayer ends in a norm, so it would drown embeddings of the usual size.
            self.language_model.embed_tokens.weight.normal_(0, 0.5)
            self.lm_head.weight.normal_(0, 0.02)
            for name, weight in self.language_model.named_parameters():
                if "post_self_attn_layernorm" in name or "post_mlp_layernorm" in name:
                    weight.fill_(0.4)
            # A word starts near what the tower says of the thing it means: to look for a circle is then one product for all kinds.
            for token, channels in meanings(tokenizer).items():
                for channel in channels:
                    self.language_model.embed_tokens.weight[token, sight.CHANNELS[channel]] += vqa_config.SCALE
                    self.lm_head.weight[token, sight.CHANNELS[channel]] += 0.15
            guide(self.language_model)

    def forward(self, embeddings: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor, wanted: torch.Tensor, sided: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of the wanted places, and of others as the head would say them before the last layer; mask is added to the scores
        [rows, 1, length, length]."""
        said = self.language_model(inputs_embeds=embeddings, position_ids=positions, attention_mask=mask, use_cache=False, output_hidden_states=True)
        return self.lm_head(said.last_hidden_state[wanted]), self.lm_head(self.language_model.norm(said.hidden_states[-2][sided]))


def guide(language_model: nn.Module, strength: float = 1.3) -> None:
    """Lets half of the heads of the first layers begin by looking at what has the kind, colour or size that a token speaks of, and
    half of those of a later layer at what stands in the place it speaks of.

    The part of a head that does not turn with positions compares just these channels. Without it the model knows for a long time
    what a picture holds, but takes one shape for another.
    """
    settings = language_model.config
    wide, groups = settings.hidden_size // settings.num_attention_heads, settings.num_key_value_heads
    turning, heads = int(wide * settings.rope_parameters["partial_rotary_factor"]), settings.num_attention_heads // groups
    things, places = [*world.KINDS, "word", *world.COLOURS, *world.SIZES], [f"place {place}" for place in world.PLACES]
    for layer, group, names in ((0, 0, things), (1, 0, things), (2, 1, places)):
        attention = language_model.layers[layer].self_attn
        for part, first, count in ((attention.q_proj, group * heads, heads), (attention.k_proj, group, 1)):
            for head in range(first, first + count):
                rows = slice(head * wide + turning, (head + 1) * wide)
                part.weight[rows] *= 0.2
                part.bias[rows] = 0
                for i, name in enumerate(names):
                    part.weight[head * wide + turning + i, sight.CHANNELS[name]] = strength


def meanings(tokenizer) -> dict[int, list[str]]:
    """The channels that mean the same as a token, for tokens of the world's words."""
    result: dict[int, list[str]] = {}
    for word in (*world.KINDS, "word", *world.COLOURS, *world.SIZES):
        for form in (word, word.capitalize(), questions.PLURAL.get(word, word), questions.ZH[word], {"圆形": "圆"}.get(questions.ZH[word], questions.ZH[word])):
            for text in {form, " " + form}:
                ids = tokenizer.encode(text, add_special_tokens=False)
                if len(ids) == 1:
                    result[ids[0]] = [word]
    places = {**{place: place for place in world.PLACES}, "above": "top", "below": "bottom"}
    for word, channel in [(word, f"place {place}") for word, place in places.items()] + [(ground, f"ground {ground}") for ground in world.BACKGROUNDS] + [(letter, f"letter {letter}") for letter in world.LETTERS]:
        for text in {word, " " + word, questions.ZH.get(word, word)}:
            ids = tokenizer.encode(text, add_special_tokens=False)
            if len(ids) == 1:
                result.setdefault(ids[0], []).append(channel)
    return result


@dataclass
class Row:
    """Tokens with their places. A token sees the earlier ones of its own group and of group 0; image tokens are -1 and `cells` in order."""

    ids: list[int] = field(default_factory=list)
    positions: list[np.ndarray] = field(default_factory=list)  # each [3, some]
    groups: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)  # what is to follow a token, or -100
    weights: list[float] = field(default_factory=list)
    sides: list[int] = field(default_factory=list)  # of sight.DIRECTIONS, at the token before an answer that depends on one; or -100

    def add(self, ids: list[int], base: int, group: int, positions: np.ndarray | None = None) -> int:
        """Appends given tokens; returns the position that follows."""
        self.ids += ids
        self.positions.append(np.tile(base + np.arange(len(ids)), (3, 1)) if positions is None else positions)
        self.groups += [group] * len(ids)
        self.targets += [-100] * len(ids)
        self.weights += [0.0] * len(ids)
        self.sides += [-100] * len(ids)
        return base + len(ids)

    def learn(self, ids: list[int], base: int, group: int, weight: float) -> int:
        """Appends tokens of which each is to be foretold from what stands before it."""
        if self.targets:
            self.targets[-1], self.weights[-1] = ids[0], weight
        base = self.add(ids, base, group)
        start = len(self.ids) - len(ids)
        self.targets[start:-1], self.weights[start:-1] = ids[1:], [weight] * (len(ids) - 1)
        return base


class Composer:
    """Lays out rows as the chat template and the processor do."""

    def __init__(self, tokenizer):
        number = tokenizer.convert_tokens_to_ids
        self.tokenizer, self.cache = tokenizer, {}
        self.newline = self.text("\n")
        self.begin = [number("[gMASK]"), number("<sop>")]
        self.user, self.assistant, self.system = [number("<|user|>")], [number("<|assistant|>")], [number("<|system|>")]
        self.image_begin, self.image_end = [number("<|begin_of_image|>")], [number("<|end_of_image|>")]
        self.think, self.thought, self.silent = [number("<think>")], [number("</think>")], [number("/nothink")]

    def text(self, text: str) -> list[int]:
        if text not in self.cache:
            self.cache[text] = self.tokenizer.encode(text, add_special_tokens=False)
        return self.cache[text]

    def picture(self, row: Row, base: int, group: int, scene: world.Scene) -> int:
        base = row.add(self.image_begin, base, group)
        row.add([-1] * (scene.height * scene.width), base, group, grid_positions(base, scene.height, scene.width))
        return row.add(self.image_end, base + max(scene.height, scene.width), group)

    def answer(self, row: Row, base: int, group: int, asked: questions.Question, thought: str | None, closed: bool = True) -> int:
        """From behind the question's text to the end of the answer. `closed`: the user has switched thinking off."""
        weight = 1.0 if len(self.text(asked.answer)) < 5 else 0.4
        base = row.add((self.silent if closed else []) + self.assistant + self.newline, base, group)
        if thought is None:
            base = row.add(self.think + self.thought + self.newline, base, group)
        else:
            base = row.learn(self.think + self.text(thought) + self.thought + self.newline, base, group, 0.25)
        if asked.side:
            row.sides[-1] = sight.DIRECTIONS.index(asked.side)
        return row.learn(self.text(asked.answer) + self.user, base, group, weight)

    def row(self, rng: np.random.Generator, scene: world.Scene, first_text: float, relations: float = 0.0, length: int = LENGTH) -> Row:
        """A picture with as many questions as fit. In some rows the question stands before the picture, or follows others."""
        row, style = Row(), rng.random()
        base = row.add(self.begin, 0, 0)
        if rng.random() < 0.06:
            system = ("You are a helpful assistant.", "Answer the question.", "Answer in one word.", "Please answer short questions about the picture.")[rng.integers(4)]
            base = row.add(self.system + self.newline + self.text(system), base, 0)
        base = row.add(self.user + self.newline, base, 0)
        before = style < first_text
        if not before:
            base = self.picture(row, base, 0, scene)
        group = 0
        while True:
            group, at, mark = group + 1, base, len(row.ids)
            chain = 1 if style < 0.75 else int(rng.integers(2, 4))
            thinking = rng.random() < 0.1
            for turn in range(chain):
                asked = questions.sample(rng, scene, relations)
                # Thoughts of earlier turns are not kept.
                thought = questions.described(scene, asked.language) if thinking and turn == chain - 1 else None
                if turn:
                    at = row.add(self.newline, at, group)  # the answer's last token has opened this turn
                at = row.add(self.text(asked.text), at, group)
                if before and not turn:
                    at = self.picture(row, at, group, scene)
                at = self.answer(row, at, group, asked, thought, not thinking)
            if len(row.ids) > length:
                return cut(row, mark)


def cut(row: Row, length: int) -> Row:
    positions = np.concatenate(row.positions, 1)[:, :length]
    return Row(row.ids[:length], [positions], row.groups[:length], row.targets[:length], row.weights[:length], row.sides[:length])


def batch_of(rows: list[Row], length: int) -> dict[str, torch.Tensor]:
    """Everything padded on the right to one length; padding sees only itself and is seen by nobody."""
    count = len(rows)
    ids, groups = np.zeros((count, length), np.int64), np.full((count, length), -1)
    positions, targets, weights = np.zeros((3, count, length), np.int64), np.full((count, length), -100), np.zeros((count, length), np.float32)
    sides = np.full((count, length), -100)
    for i, row in enumerate(rows):
        n = len(row.ids)
        ids[i, :n], groups[i, :n], targets[i, :n], weights[i, :n], sides[i, :n] = row.ids, row.groups, row.targets, row.weights, row.sides
        positions[:, i, :n] = np.concatenate(row.positions, 1)
    seen = ((groups[:, :, None] == groups[:, None, :]) | (groups[:, None, :] == 0)) & np.tri(length, dtype=bool)
    mask = np.where(seen, np.float32(0), np.float32(-1e9))[:, None]
    return {name: torch.from_numpy(value) for name, value in dict(ids=ids, positions=positions, targets=targets, weights=weights, sides=sides, mask=mask).items()}


def main(arguments: list[str] | None = None) -> None:
    parser = common.arguments("vqa_text", steps=6000, batch=8, rate=2e-3)
    parser.add_argument("--read", type=float, default=0.0, help="share of steps that see what the tower says; it is read again as it learns")
    parser.add_argument("--first-text", type=float, default=0.1, help="share of rows with the question before the picture")
    parser.add_argument("--relations", type=float, default=0.0, help="share of questions about how things stand, beside those of questions.SHARES")
    parser.add_argument("--pool", type=int, default=0, help="the pictures of so many steps come again and again, with other questions: a finished "
                        "tower sees each once, and nothing but what it says is learnt from")
    options = parser.parse_args(arguments)
    device = common.start(options)
    tokenizer = build_tokenizer()
    composer = Composer(tokenizer)
    model, tower = TextModel(tokenizer).to(device), Tower().to(device).eval().requires_grad_(False)
    trainer = common.Trainer("vqa_text", model, options, lambda name: ".layers." in name, smoothing=0.99)

    directions = torch.tensor([tokenizer.encode(" " + direction.split()[0], add_special_tokens=False)[0] for direction in sight.DIRECTIONS], device=device)
    loaded: list[int] = []
    pool: dict[int, tuple[list[world.Scene], torch.Tensor]] = {}

    def draw(rng: np.random.Generator) -> list[world.Scene]:
        grid = world.sample_grid(rng)
        return [sample(rng, grid) for _ in range(options.batch)]

    def read(scenes: list[world.Scene], rng: np.random.Generator) -> torch.Tensor:
        with torch.no_grad():
            return tower(pictures_of(scenes, rng).to(device))

    if options.pool:
        tower.load_state_dict(common.smoothed(options.work, "vqa_tower"))

    def loss_of(step: int):
        rng = common.step_rng(options, step)
        place = step % options.pool if options.pool else -1
        if options.pool and place not in pool:
            own = common.data_rng(options, place, stream=1)
            scenes = draw(own)
            pool[place] = scenes, read(scenes, own).half()
        scenes = pool[place][0] if options.pool else draw(rng)
        rows = [composer.row(rng, scene, options.first_text, options.relations) for scene in scenes]
        batch = {name: value.to(device) for name, value in batch_of(rows, LENGTH).items()}
        if options.pool:
            cells = pool[place][1].float()
        elif options.read and rng.random() < (1 if step >= trainer.fall_from else options.read):
            if step % 25 == 0 or not loaded:
                tower.load_state_dict(common.smoothed(options.work, "vqa_tower"))
                loaded.append(step)
            cells = read(scenes, rng)
        else:
            cells = torch.from_numpy(np.stack([sight.channels(scene, vqa_config.WIDTH) for scene in scenes])).flatten(1, 2)
            for group in (sight.PAIRS, sight.COUNTS, sight.NEIGHBOURS):
                cells[:, :, group] *= torch.from_numpy((rng.random((len(scenes), 1, 1)) < 0.35).astype(np.float32))
            cells = vqa_config.SCALE * (cells + 0.12 * torch.rand(len(scenes), 1, 1) * torch.randn_like(cells)).to(device)
        ids = batch["ids"]
        embeddings = model.language_model.embed_tokens(ids.clamp(min=0))
        # A row with the question first holds several copies of its picture.
        shown = ids < 0
        copies = [cells[i].repeat(int(shown[i].sum()) // cells.shape[1], 1) for i in range(len(rows))]
        embeddings = embeddings.masked_scatter(shown[..., None], torch.cat(copies).to(embeddings.dtype))
        wanted, sided = batch["targets"] >= 0, batch["sides"] >= 0
        with common.fast_products(device):
            logits, early = model(embeddings, batch["positions"], batch["mask"], wanted, sided)
            logits, early = logits.float(), early[:, directions].float()
        meant, weight = batch["targets"][wanted], batch["weights"][wanted]
        loss = (F.cross_entropy(logits, meant, reduction="none") * weight).sum() / weight.sum()
        wrong = (logits.argmax(-1) != meant).float()
        heavy = weight == 1
        shares = {"wrong": wrong.mean().item(), "wrong in short answers": wrong[heavy].mean().item()}
        if sided.any():
            side = batch["sides"][sided]
            loss = loss + SIDE * F.cross_entropy(early, side)
            shares |= {"wrong sides": (early.argmax(-1) != side).float().mean().item(), "wrong yes or no": wrong[sided[wanted]].mean().item()}
        return loss, shares

    trainer.run(loss_of)


if __name__ == "__main__":
    main()
