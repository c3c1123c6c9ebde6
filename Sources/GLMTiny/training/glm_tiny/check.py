"""Reads a picture back from its pixels and judges it by its prompt. Shares no code with the training.

Flat colours by the nearest palette colour, shapes by connected components and their overlap with drawn templates, places and
relations by centroids, letters by correlation with the font.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PALETTE = {
    "white": (255, 255, 255), "grey": (150, 150, 150), "black": (0, 0, 0), "red": (220, 38, 38), "green": (22, 150, 70),
    "blue": (37, 80, 230), "yellow": (245, 205, 30), "purple": (140, 50, 190), "orange": (250, 125, 20),
}
GROUNDS = ("white", "grey", "black")
KINDS = ("circle", "square", "triangle", "diamond", "cross")
OVERLAP = 0.85  # of a shape's mask with its template, both stretched to their boxes
_SIDES = {"small": 1.75, "large": 3.5}  # larger side of a shape, in eighths of the picture's smaller side
SMALLEST = 300  # px; coloured spots below it are the fringes of shapes


@dataclass(frozen=True)
class Seen:
    colour: str
    kind: str
    overlap: float
    x: float  # centroid and larger side of the box, as shares of the picture's width and height
    y: float
    side: float  # in px


@dataclass(frozen=True)
class Expected:
    background: str
    shapes: tuple[tuple[str, str, str], ...]  # colour, kind, size
    word: str | None
    order: tuple[tuple[int, int, str], ...]  # (a, b, axis): a lies before b on that axis; -1 is the word
    place: str | None  # of a single shape


@dataclass(frozen=True)
class Wanted:
    """A shape of an edited picture: one of the source's, or a new one."""
    colour: str
    kind: str
    side: float  # in px
    at: tuple[float, float] | None  # centre, as shares of width and height; None for a new shape
    place: str | None = None  # of a new shape


# --- the prompt ---------------------------------------------------------------------------------------------------

_SHAPE = r"an? (?:(small|large) )?(red|green|blue|yellow|purple|orange) (circle|square|triangle|diamond|cross)"
_WORD = r'the word "([A-Z]+)"'


def expect(prompt: str) -> Expected:
    """What a prompt of the world asks for; raises ValueError for any other text."""
    text = prompt.strip()
    background = "white"
    if match := re.search(r" on an? (white|grey|black) background$", text):
        background, text = match[1], text[:match.start()]
    shapes = [(c, k, s or "large") for s, c, k in re.findall(_SHAPE, text)]
    word = (re.search(_WORD, text) or [None, None])[1]
    skeleton = re.sub(_WORD, "W", re.sub(_SHAPE, "S", text))
    if match := re.fullmatch(r"S, S and S from (left to right|top to bottom)", skeleton):
        axis = "x" if match[1].startswith("left") else "y"
        return Expected(background, tuple((c, k, "small") for c, k, _ in shapes), None, ((0, 1, axis), (1, 2, axis)), None)
    if match := re.fullmatch(r"([SW]) (?:to the )?(left of|right of|above|below) ([SW])", skeleton):
        if match[1] + match[3] != "WW":
            axis = "x" if match[2].endswith("of") else "y"
            first = -1 if match[1] == "W" else 0
            second = -1 if match[3] == "W" else (1 if first == 0 else 0)
            pair = (first, second) if match[2] in ("left of", "above") else (second, first)
            return Expected(background, tuple(shapes), word, ((*pair, axis),), None)
    if match := re.fullmatch(r"S(?: (on the left|on the right|at the top|at the bottom|in the middle))?", skeleton):
        return Expected(background, tuple(shapes), None, (), (match[1] or "in the middle").split()[-1])
    if skeleton == "W":
        return Expected(background, (), word, (), "middle")
    raise ValueError(f"not a prompt of this world: {prompt!r}")


_NAMED = r"(?:(red|green|blue|yellow|purple|orange) )?(circle|square|triangle|diamond|cross)"


def expect_edit(instruction: str, background: str, seen: list[Seen], cell: float) -> tuple[str, list[Wanted]]:
    """(background, shapes) that an instruction asks for, given what is seen in its source; `cell` is 1/8 of the smaller side."""
    wanted = [Wanted(s.colour, s.kind, s.side, (s.x, s.y)) for s in seen]

    def meant(colour: str | None, kind: str) -> int:
        found = [i for i, s in enumerate(seen) if s.kind == kind and colour in (None, s.colour)]
        if len(found) != 1:
            raise ValueError(f"{instruction!r} names {len(found)} shapes of its source")
        return found[0]

    text = instruction.strip()
    if match := re.fullmatch(rf"make the {_NAMED} (red|green|blue|yellow|purple|orange)", text):
        which = meant(match[1], match[2])
        wanted[which] = replace(wanted[which], colour=match[3])
    elif match := re.fullmatch(rf"remove the {_NAMED}", text):
        del wanted[meant(match[1], match[2])]
    elif match := re.fullmatch(rf"put {_SHAPE} (?:on the left|on the right|at the top|at the bottom|in the middle)", text):
        wanted.append(Wanted(match[2], match[3], _SIDES[match[1] or "large"] * cell, None, text.split()[-1]))
    elif match := re.fullmatch(r"make the background (white|grey|black)", text):
        background = match[1]
    else:
        raise ValueError(f"not an instruction of this world: {instruction!r}")
    return background, wanted


# --- the picture --------------------------------------------------------------------------------------------------

def components(mask: np.ndarray) -> list[np.ndarray]:
    """Connected regions (four neighbours) of a boolean mask, each as the flat indices of its pixels."""
    height, width = mask.shape
    flat, found = mask.ravel().copy(), []
    for start in np.flatnonzero(flat):
        if not flat[start]:
            continue
        flat[start] = False
        stack, region = [int(start)], []
        while stack:
            at = stack.pop()
            region.append(at)
            x = at % width
            for to in (at - width, at + width, at - 1 if x else -1, at + 1 if x < width - 1 else -1):
                if 0 <= to < height * width and flat[to]:
                    flat[to] = False
                    stack.append(to)
        found.append(np.array(region))
    return found


def _box(region: np.ndarray, width: int) -> tuple[np.ndarray, int, int]:
    """(mask of the region's box, top, left)."""
    ys, xs = region // width, region % width
    box = np.zeros((ys.max() - ys.min() + 1, xs.max() - xs.min() + 1), bool)
    box[ys - ys.min(), xs - xs.min()] = True
    return box, int(ys.min()), int(xs.min())


def _stretch(mask: np.ndarray, side: int = 64) -> np.ndarray:
    return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize((side, side), Image.BOX), np.float32) / 255


@lru_cache(maxsize=None)
def _template(kind: str, side: int = 64) -> np.ndarray:
    at = (np.arange(side) + 0.5) / side
    y, x = at[:, None], at[None, :]
    away_x, away_y = abs(x - 0.5), abs(y - 0.5)
    return {
        "circle": away_x ** 2 + away_y ** 2 <= 0.25, "square": np.ones((side, side), bool), "triangle": away_x <= y / 2,
        "diamond": away_x + away_y <= 0.5, "cross": (away_x <= 1 / 6) | (away_y <= 1 / 6),
    }[kind]


@lru_cache(maxsize=None)
def _letters() -> dict[str, tuple[np.ndarray, float]]:
    """Each capital as (mask stretched to a square, width by height)."""
    result, font = {}, ImageFont.load_default(160)
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        image = Image.new("L", (320, 320))
        ImageDraw.Draw(image).text((40, 40), letter, fill=255, font=font)
        mask = np.asarray(image.crop(image.getbbox())) > 127
        result[letter] = (_stretch(mask), mask.shape[1] / mask.shape[0])
    return result


def _letter(box: np.ndarray) -> str:
    """The capital that a mask looks most like; a stroke much narrower than tall is an I."""
    if box.shape[1] / box.shape[0] < 0.22:
        return "I"
    looks = _stretch(box)

    def likeness(letter: str) -> float:
        a, b = looks - looks.mean(), _letters()[letter][0] - _letters()[letter][0].mean()
        return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9))

    return max((letter for letter in _letters() if letter != "I"), key=likeness)


def look(picture: np.ndarray) -> tuple[str, list[Seen], str, tuple[float, float] | None]:
    """uint8 [height, width, 3] -> (background, shapes, word read from left to right, centre of the word)."""
    height, width, _ = picture.shape
    names = list(PALETTE)
    colours = np.array([PALETTE[name] for name in names], np.float32)
    nearest = ((picture[:, :, None].astype(np.float32) - colours) ** 2).sum(-1).argmin(-1)
    frame = np.concatenate([nearest[:4].ravel(), nearest[-4:].ravel(), nearest[:, :4].ravel(), nearest[:, -4:].ravel()])
    background = names[np.bincount(frame).argmax()]

    shapes = []
    for name in names[len(GROUNDS):]:
        for region in components(nearest == names.index(name)):
            if len(region) < SMALLEST:
                continue
            box, top, left = _box(region, width)
            filled = _stretch(box) > 0.5
            overlap = {kind: (filled & _template(kind)).sum() / (filled | _template(kind)).sum() for kind in KINDS}
            kind = max(overlap, key=overlap.get)
            shapes.append(Seen(name, kind, float(overlap[kind]), (left + box.shape[1] / 2) / width, (top + box.shape[0] / 2) / height, float(max(box.shape))))

    # Letters: colourless pixels nearer to the ink than to the background (a blurred edge of black on white is nearest to grey).
    ink = "white" if background == "black" else "black"
    levels = picture.astype(np.float32)
    grey = levels.mean(-1)
    inked = (abs(grey - PALETTE[ink][0]) < abs(grey - PALETTE[background][0])) & (levels.max(-1) - levels.min(-1) < 60)
    letters = []
    for region in components(inked):
        box, top, left = _box(region, width)
        if len(region) >= 60 and box.shape[0] >= 20:  # fringes of shapes are thinner or shorter
            letters.append((left, top, box))
    letters.sort(key=lambda item: item[0])
    word = "".join(_letter(box) for _, _, box in letters)
    centre = (float(np.mean([left + box.shape[1] / 2 for left, _, box in letters])) / width,
              float(np.mean([top + box.shape[0] / 2 for _, top, box in letters])) / height) if letters else None
    return background, shapes, word, centre


def _at_place(place: str, x: float, y: float) -> bool:
    across = "left" if x < 0.4 else "right" if x > 0.6 else "middle"
    down = "top" if y < 0.4 else "bottom" if y > 0.6 else "middle"
    return (across, down) == {"left": ("left", "middle"), "right": ("right", "middle"), "top": ("middle", "top"),
                              "bottom": ("middle", "bottom"), "middle": ("middle", "middle")}[place]


def _cell(picture: np.ndarray) -> float:
    return min(picture.shape[:2]) / 8


def _as_large_as(seen: Seen, side: float) -> bool:
    return abs(seen.side / side - 1) < 0.2


def _verdict(background: str, pairs: list[tuple[str, str]], seen_background: str, seen: list[Seen]) -> dict[str, bool | float]:
    return {
        "background": seen_background == background,
        "colours": sorted(s.colour for s in seen) == sorted(colour for colour, _ in pairs),
        "shapes": sorted((s.colour, s.kind) for s in seen) == sorted(pairs) and all(s.overlap >= OVERLAP for s in seen),
    }


def judge(prompt: str, picture: np.ndarray) -> dict[str, bool | float]:
    """Verdicts on one picture. `all` needs every one of them; `letters` is the share of letters read back right."""
    wanted = expect(prompt)
    background, seen, word, word_at = look(picture)
    verdict = _verdict(wanted.background, [(c, k) for c, k, _ in wanted.shapes], background, seen)
    matches = [next((s for s in seen if (s.colour, s.kind) == (colour, kind)), None) for colour, kind, _ in wanted.shapes]
    verdict["size"] = all(match is not None and _as_large_as(match, _SIDES[size] * _cell(picture)) for match, (_, _, size) in zip(matches, wanted.shapes))
    places = {-1: word_at, **{i: match and (match.x, match.y) for i, match in enumerate(matches)}}
    where = True
    for before, after, axis in wanted.order:
        a, b = places.get(before), places.get(after)
        where &= a is not None and b is not None and (b[axis == "y"] - a[axis == "y"]) > 0.15 and abs(b[axis == "x"] - a[axis == "x"]) < 0.15
    if wanted.place:
        at = places.get(0) if wanted.shapes else word_at
        where &= at is not None and _at_place(wanted.place, *at)
    verdict["place"] = where
    text = wanted.word or ""
    verdict["word"] = word == text
    verdict["letters"] = sum(a == b for a, b in zip(word, text)) / max(1, len(text))
    verdict["all"] = all(verdict[k] for k in ("background", "colours", "shapes", "size", "place", "word"))
    return verdict


def judge_edit(instruction: str, source: np.ndarray, picture: np.ndarray) -> dict[str, bool | float]:
    """Verdicts on an edited picture: the asked change made, and every other shape and the background as the source has them."""
    source_background, source_seen, _, _ = look(source)
    wanted_background, wanted = expect_edit(instruction, source_background, source_seen, _cell(source))
    background, seen, word, _ = look(picture)
    verdict = _verdict(wanted_background, [(w.colour, w.kind) for w in wanted], background, seen)
    verdict["size"] = verdict["place"] = True
    for want in wanted:
        match = next((s for s in seen if (s.colour, s.kind) == (want.colour, want.kind)), None)
        verdict["size"] &= match is not None and _as_large_as(match, want.side)
        if want.at:
            verdict["place"] &= match is not None and max(abs(match.x - want.at[0]), abs(match.y - want.at[1])) < 0.05
        else:
            verdict["place"] &= match is not None and _at_place(want.place, match.x, match.y)
    verdict["all"] = all(verdict.values()) and word == ""
    return verdict
