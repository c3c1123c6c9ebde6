"""The picture world: scenes, their prompts, their pixels and their semantic codes.

A picture is a function of its prompt: no random position, no random size. What a prompt leaves
open has a default (large, in the middle, white). So the prompt decides every code, the
autoregressive model has nothing to guess, and a picture can be judged right or wrong.

Everything lies on cells of 32 px, because one code of the large grid covers 32x32 px.
"""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL = 32
COLOURS = {
    "red": (220, 38, 38), "green": (22, 150, 70), "blue": (37, 80, 230),
    "yellow": (245, 205, 30), "purple": (140, 50, 190), "orange": (250, 125, 20),
}
KINDS = ("circle", "square", "triangle", "diamond", "cross")
BACKGROUNDS = {"white": (255, 255, 255), "grey": (150, 150, 150), "black": (0, 0, 0)}
SIZES = {"small": 2, "large": 4}  # side of a shape's box, in cells
PLACES = {"left": "on the left", "right": "on the right", "top": "at the top", "bottom": "at the bottom", "middle": "in the middle"}
RELATIONS = ("left of", "right of", "above", "below")
LETTERS = "ACEHILOSTX"  # few enough that the glyph path is learnt in an hour on one core
WORD_MAX = 4
GRIDS = {(8, 8): 0.7, (8, 10): 0.15, (10, 8): 0.15}  # rows and columns of cells, and the share of pictures

# The tokenizer's vocabulary holds more verbs than the world uses, so that a later world can go on from the same weights.
MORE_WORDS = """make remove put add move change turn replace swap with into it to by from one other both bigger
smaller colour shape picture draw delete paint write text letters without beside between under over next
up down upper lower corner center centre first second third two three big tiny white""".split()


@dataclass(frozen=True)
class Shape:
    colour: str
    kind: str
    size: str
    row: int = 0  # top left cell of the box
    col: int = 0


@dataclass(frozen=True)
class Word:
    text: str
    row: int = 0  # a letter takes one cell across and two cells down
    col: int = 0


@dataclass(frozen=True)
class Scene:
    family: str  # one, two, three, word, edited
    prompt: str
    background: str
    shapes: tuple[Shape, ...]
    word: Word | None
    key: str  # the combination that is held out or not
    height: int = 8  # in cells
    width: int = 8

    @property
    def held_out(self) -> bool:
        return held_out(self.key)


@dataclass(frozen=True)
class Edit:
    """A picture, an instruction, and the picture that follows from both. The target's prompt is the instruction."""

    source: Scene
    target: Scene

    @property
    def held_out(self) -> bool:
        return held_out(self.target.key)


def held_out(key: str) -> bool:
    """One combination in ten is never trained on. Words of one letter are never held out."""
    return int(hashlib.md5(key.encode()).hexdigest(), 16) % 10 == 0 and not (key.startswith("word|") and len(key) == 6)


# --- where things go ---------------------------------------------------------------------------------------------

def region(place: str, height: int, width: int) -> tuple[int, int, int, int]:
    """(row, column, rows, columns) of a half of the picture, or of all of it."""
    return {
        "left": (0, 0, height, width // 2), "right": (0, width - width // 2, height, width // 2),
        "top": (0, 0, height // 2, width), "bottom": (height - height // 2, 0, height // 2, width),
        "middle": (0, 0, height, width),
    }[place]


def place_shape(colour: str, kind: str, size: str, place: str, height: int = 8, width: int = 8) -> Shape:
    row, col, rows, cols = region(place, height, width)
    side = SIZES[size]
    return Shape(colour, kind, size, row + (rows - side) // 2, col + (cols - side) // 2)


def place_word(text: str, place: str, height: int = 8, width: int = 8) -> Word:
    row, col, rows, cols = region(place, height, width)
    return Word(text, row + (rows - 2) // 2, col + (cols - len(text)) // 2)


def place_in_line(index: int, length: int) -> int:
    """First cell of the index-th of three small boxes spread over a line of cells."""
    return round((2 * index + 1) * length / 6) - 1


# --- sampling ----------------------------------------------------------------------------------------------------

FAMILIES = {"one": 0.25, "two": 0.40, "three": 0.17, "word": 0.18}
FIRST_SECOND = {"left of": ("left", "right"), "right of": ("right", "left"), "above": ("top", "bottom"), "below": ("bottom", "top")}


def phrase(shape: Shape, size_word: str) -> str:
    words = ([size_word] if size_word else []) + [shape.colour, shape.kind]
    return ("an " if words[0][0] in "aeiou" else "a ") + " ".join(words)


def _size(rng: np.random.Generator) -> tuple[str, str]:
    """(size, the word for it in the prompt): large goes without saying most of the time."""
    draw = rng.random()
    return ("small", "small") if draw < 0.3 else ("large", "large") if draw < 0.45 else ("large", "")


def _colour_kind(rng: np.random.Generator) -> tuple[str, str]:
    return str(rng.choice(list(COLOURS))), KINDS[rng.integers(len(KINDS))]


def _relation(rng: np.random.Generator) -> tuple[str, str]:
    relation = RELATIONS[rng.integers(4)]
    spoken = "to the " + relation if relation.endswith("of") and rng.random() < 0.4 else relation
    return relation, spoken


def sample_grid(rng: np.random.Generator) -> tuple[int, int]:
    return list(GRIDS)[rng.choice(len(GRIDS), p=list(GRIDS.values()))]


def sample(rng: np.random.Generator, family: str | None = None, split: str = "train", grid: tuple[int, int] | None = None) -> Scene:
    """A random scene of one family and size; `split` is train, held (only combinations never trained) or any."""
    family = family or str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
    height, width = grid or sample_grid(rng)
    while True:
        scene = _sample(rng, family, height, width)
        if split == "any" or scene.held_out == (split == "held"):
            return scene


def _sample(rng: np.random.Generator, family: str, height: int, width: int) -> Scene:
    word = None
    if family == "one":
        (colour, kind), (size, said) = _colour_kind(rng), _size(rng)
        place = list(PLACES)[rng.integers(len(PLACES))]
        shapes = (place_shape(colour, kind, size, place, height, width),)
        silent = place == "middle" and rng.random() < 0.5
        text = phrase(shapes[0], said) + ("" if silent else " " + PLACES[place])
        key = f"one|{size}|{colour}|{kind}|{place}"
    elif family == "two":
        relation, spoken = _relation(rng)
        first, second = FIRST_SECOND[relation]
        pairs = [_colour_kind(rng), _colour_kind(rng)]
        while pairs[0] == pairs[1]:
            pairs[1] = _colour_kind(rng)
        sizes = [_size(rng), _size(rng)]
        shapes = tuple(place_shape(*pair, size, place, height, width) for pair, (size, _), place in zip(pairs, sizes, (first, second)))
        text = f"{phrase(shapes[0], sizes[0][1])} {spoken} {phrase(shapes[1], sizes[1][1])}"
        # "A left of B" and "B right of A" are the same picture, so they share a key.
        ordered = pairs if first in ("left", "top") else pairs[::-1]
        key = f"two|{'row' if first in ('left', 'right') else 'column'}|{ordered}"
    elif family == "three":
        pairs: list[tuple[str, str]] = []
        while len(pairs) < 3:
            if (pair := _colour_kind(rng)) not in pairs:
                pairs.append(pair)
        row = rng.random() < 0.5
        shapes = tuple(
            Shape(*pair, "small", height // 2 - 1, place_in_line(i, width)) if row else Shape(*pair, "small", place_in_line(i, height), width // 2 - 1)
            for i, pair in enumerate(pairs))
        said = [phrase(shape, "") for shape in shapes]
        text = f"{said[0]}, {said[1]} and {said[2]} from " + ("left to right" if row else "top to bottom")
        key = f"three|{row}|{pairs}"
    else:
        text_of_word = "".join(LETTERS[i] for i in rng.integers(len(LETTERS), size=rng.integers(1, WORD_MAX + 1)))
        said_word = f'the word "{text_of_word}"'
        shapes = ()
        if rng.random() < 0.35:
            word, text = place_word(text_of_word, "middle", height, width), said_word
        else:
            relation, spoken = _relation(rng)
            first, second = FIRST_SECOND[relation]
            (colour, kind), (size, said) = _colour_kind(rng), _size(rng)
            shape_first = rng.random() < 0.6
            shape = place_shape(colour, kind, size, first if shape_first else second, height, width)
            word = place_word(text_of_word, second if shape_first else first, height, width)
            shapes = (shape,)
            parts = (phrase(shape, said), said_word) if shape_first else (said_word, phrase(shape, said))
            text = f"{parts[0]} {spoken} {parts[1]}"
        key = f"word|{text_of_word}"
    background = str(rng.choice(list(BACKGROUNDS), p=[0.5, 0.25, 0.25]))
    if background != "white" or rng.random() < 0.15:
        text += f" on a {background} background"
    return Scene(family, text, background, shapes, word, key, height, width)


# --- edits -------------------------------------------------------------------------------------------------------
# Of pictures without words. A shape is named by its kind where the picture has one of that kind, or by colour and kind.

EDITS = {"recolour": 0.35, "remove": 0.2, "put": 0.3, "ground": 0.15}


def boxes_meet(a: Shape, b: Shape) -> bool:
    return all(start < other + SIZES[there.size] and other < start + SIZES[here.size]
               for here, there, start, other in ((a, b, a.row, b.row), (a, b, a.col, b.col)))


def sample_edit(rng: np.random.Generator, split: str = "train", grid: tuple[int, int] | None = None, shares: dict[str, float] = EDITS) -> Edit:
    """A random edit of one size; one source in four has itself been edited, so that edits can be strung together."""
    grid = grid or sample_grid(rng)
    verbs = rng.choice(list(shares), p=list(shares.values()), size=1 + (rng.random() < 0.25))
    while True:
        source = sample(rng, ("one", "two", "three")[rng.choice(3, p=[0.35, 0.45, 0.2])], "any", grid)
        for verb in verbs:
            target = _edited(rng, source, str(verb))
            if target is None:
                break
            edit, source = Edit(source, target), target
        else:
            if split == "any" or edit.held_out == (split == "held"):
                return edit


def _edited(rng: np.random.Generator, source: Scene, verb: str) -> Scene | None:
    """The scene after an edit, or None where the drawn edit does not fit this scene."""
    background, shapes = source.background, source.shapes
    pairs = [(shape.colour, shape.kind) for shape in shapes]
    if verb in ("recolour", "remove"):
        if not shapes:
            return None
        which = int(rng.integers(len(shapes)))
        chosen = shapes[which]
        alone = sum(shape.kind == chosen.kind for shape in shapes) == 1
        name = f"the {chosen.kind}" if alone and rng.random() < 0.6 else f"the {chosen.colour} {chosen.kind}"
    if verb == "recolour":
        colour = str(rng.choice(list(COLOURS)))
        if (colour, chosen.kind) in pairs:
            return None
        shapes = (*shapes[:which], replace(chosen, colour=colour), *shapes[which + 1:])
        instruction = f"make {name} {colour}"
    elif verb == "remove":
        shapes = (*shapes[:which], *shapes[which + 1:])
        instruction = f"remove {name}"
    elif verb == "put":
        (colour, kind), (size, said), place = _colour_kind(rng), _size(rng), list(PLACES)[rng.integers(len(PLACES))]
        shape = place_shape(colour, kind, size, place, source.height, source.width)
        if (colour, kind) in pairs or any(boxes_meet(shape, other) for other in shapes):
            return None
        shapes = (*shapes, shape)
        instruction = f"put {phrase(shape, said)} {PLACES[place]}"
    else:
        background = str(rng.choice(list(BACKGROUNDS)))
        if background == source.background:
            return None
        instruction = f"make the background {background}"
    return Scene("edited", instruction, background, shapes, None, f"{source.key}|{instruction}", source.height, source.width)


# --- semantic codes ----------------------------------------------------------------------------------------------
# A code says what a patch belongs to, not how it looks: a background, a letter's half (which of how many letters, never
# which letter: that is the glyph encoder's part), or one of 4x4 parts of a coloured shape's box.

PARTS = 4
FIRST_TEXT = len(BACKGROUNDS)
TEXT_CODES = WORD_MAX * (WORD_MAX + 1)  # two halves for each letter of each length
FIRST_SHAPE = FIRST_TEXT + TEXT_CODES
USED_CODES = FIRST_SHAPE + len(COLOURS) * len(KINDS) * PARTS * PARTS  # 503


def text_code(length: int, index: int, half: int) -> int:
    return FIRST_TEXT + (length * (length - 1) // 2 + index) * 2 + half


def letter_index(grid: np.ndarray) -> np.ndarray:
    """Which letter of its word each code stands for, from 0; -1 where it is no letter's."""
    table = np.full(USED_CODES, -1)
    for length in range(1, WORD_MAX + 1):
        for index in range(length):
            table[text_code(length, index, 0):text_code(length, index, 1) + 1] = index
    return table[grid]


def shape_code(colour: str, kind: str, part_row: int, part_col: int) -> int:
    which = list(COLOURS).index(colour) * len(KINDS) + KINDS.index(kind)
    return FIRST_SHAPE + (which * PARTS + part_row) * PARTS + part_col


def factors(code: int) -> tuple[str, ...]:
    """What a code is made of; embeddings that start as sums over these need not discover it."""
    if code < FIRST_TEXT:
        return (f"background {code}",)
    if code < FIRST_SHAPE:
        half, letter = (code - FIRST_TEXT) % 2, (code - FIRST_TEXT) // 2
        length = next(n for n in range(1, WORD_MAX + 1) if letter < n * (n + 1) // 2)
        return ("text", f"length {length}", f"index {letter - length * (length - 1) // 2}", f"half {half}")
    if code >= USED_CODES:
        return (f"spare {code}",)
    which, part = divmod(code - FIRST_SHAPE, PARTS * PARTS)
    colour, kind = divmod(which, len(KINDS))
    return (f"colour {colour}", f"kind {kind}", f"part row {part // PARTS}", f"part column {part % PARTS}", f"part {part}")


def _span(start: int, side: int, cells: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens whose centre lies in [start, start + side) cells, and the part (0..3) of the box each is in."""
    centres = (np.arange(tokens) + 0.5) * cells / tokens
    inside = np.flatnonzero((centres >= start) & (centres < start + side))
    fraction = (centres[inside] - start) / side
    if cells / tokens > 0.3 * side:  # tokens too coarse for four parts: only the outer ones are used
        return inside, np.where(fraction < 0.5, 0, PARTS - 1)
    return inside, (fraction * PARTS).astype(int)


def codes(scene: Scene, rows: int, cols: int) -> np.ndarray:
    """Semantic codes of a picture on any grid: int64 [rows, cols]."""
    grid = np.full((rows, cols), list(BACKGROUNDS).index(scene.background), np.int64)
    for shape in scene.shapes:
        side = SIZES[shape.size]
        ys, part_rows = _span(shape.row, side, scene.height, rows)
        xs, part_cols = _span(shape.col, side, scene.width, cols)
        base = shape_code(shape.colour, shape.kind, 0, 0)
        grid[np.ix_(ys, xs)] = base + part_rows[:, None] * PARTS + part_cols[None, :]
    if scene.word:
        ys, part_rows = _span(scene.word.row, 2, scene.height, rows)
        for i in range(len(scene.word.text)):
            xs, _ = _span(scene.word.col + i, 1, scene.width, cols)
            column = [text_code(len(scene.word.text), i, int(part >= 2)) for part in part_rows]
            grid[np.ix_(ys, xs)] = np.array(column)[:, None]
    return grid


def preview_size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the preview grid, as GLM-Image's processor computes them from the large grid."""
    ratio = height / width
    return int(ratio ** 0.5 * 16), int((1 / ratio) ** 0.5 * 16)


# --- pixels ------------------------------------------------------------------------------------------------------

_SCALE = 4  # supersampling of the masks


@lru_cache(maxsize=None)
def shape_mask(kind: str, side: int) -> np.ndarray:
    """Coverage in 0..1, float32 [side, side]; the shape leaves 1/16 of its box free on each side."""
    n = side * _SCALE
    low, high = n / 16, n - n / 16
    image = Image.new("L", (n, n))
    draw = ImageDraw.Draw(image)
    middle, arm = n / 2, (high - low) / 6
    if kind == "circle":
        draw.ellipse((low, low, high, high), fill=255)
    elif kind == "square":
        draw.rectangle((low, low, high - 1, high - 1), fill=255)
    elif kind == "triangle":
        draw.polygon([(middle, low), (high, high), (low, high)], fill=255)
    elif kind == "diamond":
        draw.polygon([(middle, low), (high, middle), (middle, high), (low, middle)], fill=255)
    elif kind == "cross":
        draw.rectangle((middle - arm, low, middle + arm - 1, high - 1), fill=255)
        draw.rectangle((low, middle - arm, high - 1, middle + arm - 1), fill=255)
    else:
        raise ValueError(f"unknown kind of shape {kind!r}")
    return np.asarray(image.resize((side, side), Image.BOX), np.float32) / 255


@lru_cache(maxsize=None)
def letter_mask(letter: str) -> np.ndarray:
    """Coverage of a letter fitted into its 64x32 px box, float32 [64, 32]."""
    image = Image.new("L", (320, 320))
    ImageDraw.Draw(image).text((40, 40), letter, fill=255, font=ImageFont.load_default(160))
    image = image.crop(image.getbbox())  # the font's own box holds more than the ink
    tall = 44
    wide = max(6, min(28, round(image.width * tall / image.height)))
    mask = np.zeros((2 * CELL, CELL), np.float32)
    y, x = (2 * CELL - tall) // 2, (CELL - wide) // 2
    mask[y:y + tall, x:x + wide] = np.asarray(image.resize((wide, tall), Image.LANCZOS), np.float32) / 255
    return mask


def render(scene: Scene) -> np.ndarray:
    """The picture, uint8 [height * 32, width * 32, 3]."""
    picture = np.empty((scene.height * CELL, scene.width * CELL, 3), np.float32)
    picture[:] = BACKGROUNDS[scene.background]

    def blend(mask: np.ndarray, row: int, col: int, colour: tuple[int, int, int]) -> None:
        patch = picture[row * CELL:row * CELL + mask.shape[0], col * CELL:col * CELL + mask.shape[1]]
        patch += mask[..., None] * (np.array(colour, np.float32) - patch)

    for shape in scene.shapes:
        blend(shape_mask(shape.kind, SIZES[shape.size] * CELL), shape.row, shape.col, COLOURS[shape.colour])
    if scene.word:
        ink = (255, 255, 255) if scene.background == "black" else (0, 0, 0)
        for i, letter in enumerate(scene.word.text):
            blend(letter_mask(letter), scene.word.row, scene.word.col + i, ink)
    return np.round(picture).astype(np.uint8)


def vocabulary() -> list[str]:
    """Every word of every prompt."""
    said = " ".join([*COLOURS, *KINDS, *BACKGROUNDS, *SIZES, *PLACES.values(), *RELATIONS])
    said += " a an the and to from word background row column"
    return sorted({*said.split(), *MORE_WORDS})


if __name__ == "__main__":
    import argparse
    from pathlib import Path

    parser = argparse.ArgumentParser(description="Write some scenes as PNG files with their prompts beside them.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("train", "held", "any"), default="any")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    source = np.random.default_rng(options.seed)
    prompts = []
    for index in range(options.count):
        scene = sample(source, split=options.split)
        Image.fromarray(render(scene)).save(options.folder / f"{index:04d}.png")
        prompts.append(scene.prompt)
    (options.folder / "prompts.txt").write_text("\n".join(prompts) + "\n")
