"""What can be seen in a picture, thing by thing and cell by cell: the truth that questions are asked about, and the meanings of
the channels that the question model's vision tower writes for each cell of 32 px.

A cell of a shape or a letter says what it is, where it is, and what stands next to it; a cell of the background counts. So every
answer is one or two looks away from the words of its question.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import world

DIRECTIONS = ("left of", "right of", "above", "below")
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
MOST = 3  # counts of a kind or of a colour above it look the same to the tower
LINES = range(2, 9)  # a thing's centre is told by which of these rows and columns it reaches: places compare by sums of channels


@dataclass(frozen=True)
class Thing:
    """A shape or the word, with its box in cells."""

    colour: str | None
    kind: str  # "word" for the word
    size: str | None
    text: str | None
    row: int
    col: int
    rows: int
    cols: int

    @property
    def centre(self) -> tuple[float, float]:
        return self.row + self.rows / 2, self.col + self.cols / 2


def things(scene: world.Scene) -> list[Thing]:
    """Every thing of a scene, from left to right, then from top to bottom."""
    seen = [Thing(s.colour, s.kind, s.size, None, s.row, s.col, world.SIZES[s.size], world.SIZES[s.size]) for s in scene.shapes]
    if scene.word:
        seen.append(Thing(None, "word", None, scene.word.text, scene.word.row, scene.word.col, 2, len(scene.word.text)))
    across = [thing.centre[1] for thing in seen]
    column = bool(seen) and max(across) - min(across) < 1.5
    return sorted(seen, key=lambda thing: thing.centre if column else thing.centre[::-1])


def relation(a: Thing, b: Thing) -> str | None:
    """Where a stands as seen from b, or None where they are not in one line: only what nobody can doubt counts."""
    down, across = (x - y for x, y in zip(a.centre, b.centre))
    if abs(down) <= 1 and abs(across) >= 2:
        return "left of" if across < 0 else "right of"
    if abs(across) <= 1 and abs(down) >= 2:
        return "above" if down < 0 else "below"
    return None


def beside(thing: Thing, direction: str, seen: list[Thing]) -> list[Thing]:
    """The things that stand in a direction from `thing`, the nearest first."""
    found = [other for other in seen if other != thing and relation(other, thing) == direction]
    return sorted(found, key=lambda other: sum(abs(x - y) for x, y in zip(other.centre, thing.centre)))


def place(thing: Thing, scene: world.Scene) -> str | None:
    """Left, right, top, bottom or middle; None in a corner."""
    y, x = thing.centre[0] / scene.height, thing.centre[1] / scene.width
    across = "left" if x < 0.4 else "right" if x > 0.6 else "middle"
    down = "top" if y < 0.4 else "bottom" if y > 0.6 else "middle"
    if across == "middle":
        return down
    return across if down == "middle" else None


# --- channels ------------------------------------------------------------------------------------------------------

def _channels() -> list[str]:
    names = [f"ground {ground}" for ground in world.BACKGROUNDS]
    names += [f"shapes {n}" for n in range(6)]  # of the background's cells, up to here and the next two lines
    names += [f"{name} {n}" for name in (*world.KINDS, *world.COLOURS) for n in range(1, MOST + 1)]
    names += [f"{colour} {kind}" for colour in world.COLOURS for kind in world.KINDS]
    names += [f"letters {n}" for n in range(1, world.WORD_MAX + 1)]
    names += [*world.KINDS, "word", *world.COLOURS, *world.SIZES]
    names += [f"part row {i}" for i in range(world.PARTS)] + [f"part column {i}" for i in range(world.PARTS)]
    names += [f"letter {letter}" for letter in world.LETTERS] + [f"index {i}" for i in range(world.WORD_MAX)] + ["last", "half 0", "half 1"]
    names += [f"place {name}" for name in world.PLACES]
    names += [f"{direction} {name}" for direction in DIRECTIONS for name in (*world.KINDS, "word", *world.COLOURS)]
    names += [f"{name} {n} or more" for name in ("row", "column") for n in LINES]
    return names


CHANNELS = {name: i for i, name in enumerate(_channels())}  # 182
# What the language model can also find out by itself, by looking for one thing and then for another. These take the tower longest, so
# it is not held back by them, and the language model learns to do without.
PAIRS = [CHANNELS[f"{colour} {kind}"] for colour in world.COLOURS for kind in world.KINDS]
COUNTS = [CHANNELS[f"{name} {n}"] for name in (*world.KINDS, *world.COLOURS) for n in range(1, MOST + 1)]
NEIGHBOURS = [i for name, i in CHANNELS.items() if name.startswith(DIRECTIONS)]
CENTRES = [i for name, i in CHANNELS.items() if name.endswith("or more")]


def channels(scene: world.Scene, width: int) -> np.ndarray:
    """What the tower is to say of each cell: 0 or 1, float32 [height, width of the picture in cells, width]."""
    seen = things(scene)
    shapes = [thing for thing in seen if thing.kind != "word"]
    whole = [f"shapes {min(len(shapes), 5)}"] + [f"{thing.colour} {thing.kind}" for thing in shapes]
    for names, of in ((world.KINDS, [thing.kind for thing in shapes]), (world.COLOURS, [thing.colour for thing in shapes])):
        whole += [f"{name} {min(of.count(name), MOST)}" for name in names if name in of]
    if scene.word:
        whole.append(f"letters {len(scene.word.text)}")
    grid = np.zeros((scene.height, scene.width, width), np.float32)
    grid[..., [CHANNELS[name] for name in whole]] = 1
    for thing in seen:
        box = grid[thing.row:thing.row + thing.rows, thing.col:thing.col + thing.cols]
        box[:] = 0
        said = [thing.kind]
        if thing.kind != "word":
            said += [thing.colour, thing.size]
            for i in range(thing.rows):
                part = i * world.PARTS // thing.rows if thing.rows >= world.PARTS else (0, world.PARTS - 1)[i]
                box[i, :, CHANNELS[f"part row {part}"]] = 1
                box[:, i, CHANNELS[f"part column {part}"]] = 1
        else:
            for i, letter in enumerate(thing.text):
                box[:, i, [CHANNELS[f"letter {letter}"], CHANNELS[f"index {i}"]]] = 1
            box[:, -1, CHANNELS["last"]] = 1
            box[0, :, CHANNELS["half 0"]] = box[1, :, CHANNELS["half 1"]] = 1
            said.append(f"letters {len(thing.text)}")
        if where := place(thing, scene):
            said.append(f"place {where}")
        said += [f"{name} {n} or more" for name, at in zip(("row", "column"), thing.centre) for n in LINES if at >= n]
        for direction in DIRECTIONS:
            if near := beside(thing, direction, seen)[:1]:
                said += [f"{direction} {name}" for name in (near[0].kind, near[0].colour) if name]
        box[..., [CHANNELS[name] for name in said]] = 1
    grid[..., CHANNELS[f"ground {scene.background}"]] = 1
    return grid
