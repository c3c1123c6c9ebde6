"""Questions about scenes and their answers, in English and Chinese, and the rule by which an answer is right.

Nothing is asked that the picture leaves open: a thing is named so that only one is meant, relations are asked where things stand in
one line, places where a thing lies in the middle of an edge or of the picture. Yes and no are equally frequent.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import sight, world
from .sight import Thing

ZH = {
    "red": "红色", "green": "绿色", "blue": "蓝色", "yellow": "黄色", "purple": "紫色", "orange": "橙色", "white": "白色", "grey": "灰色",
    "black": "黑色", "circle": "圆形", "square": "正方形", "triangle": "三角形", "diamond": "菱形", "cross": "十字", "word": "单词", "small": "小",
    "large": "大", "left": "左边", "right": "右边", "top": "上面", "bottom": "下面", "middle": "中间",
    "left of": "左边", "right of": "右边", "above": "上面", "below": "下面",
}
PLURAL = {kind: kind + ("es" if kind == "cross" else "s") for kind in world.KINDS}

# How often each type is asked, where the picture allows it; what takes longest to learn is asked most.
SHARES = {
    "count": 0.4, "count kind": 1.6, "count colour": 1.4, "colour": 0.8, "shape": 0.6, "beside": 6.0, "is beside": 4.5, "is there": 3.2,
    "is": 2.5, "where": 2.6, "at": 1.5, "size": 1.6, "background": 0.3, "word": 5.0, "describe": 1.0, "list": 0.5, "colours": 0.5,
}


@dataclass(frozen=True)
class Question:
    type: str
    language: str  # en or zh
    text: str
    answer: str
    side: str | None = None  # where two things are named and asked about: where the first stands as seen from the second


def right(said: str, accepted: list[str]) -> bool:
    """Equal to an accepted answer but for spaces at the ends, capitals, and a full stop at the end."""
    return plain(said) in {plain(answer) for answer in accepted}


def plain(text: str) -> str:
    text = text.strip().lower()
    return text[:-1].rstrip() if text.endswith((".", "。")) else text


# --- naming --------------------------------------------------------------------------------------------------------

def article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def called(thing: Thing, language: str, size: bool = False) -> str:
    """A thing as an answer names it: a red circle, 红色圆形."""
    if thing.kind == "word":
        return f'the word "{thing.text}"' if language == "en" else f'单词"{thing.text}"'
    if language == "zh":
        return ("小的" if size and thing.size == "small" else "") + ZH[thing.colour] + ZH[thing.kind]
    return article(("small " if size and thing.size == "small" else "") + f"{thing.colour} {thing.kind}")


def names(thing: Thing, seen: list[Thing], language: str) -> list[str]:
    """The ways to speak of a thing so that no other of the picture can be meant."""
    if thing.kind == "word":
        return ["the word", "the text"] if language == "en" else ["单词", "文字"]
    others = [other for other in seen if other != thing]
    result = []
    if not any((other.colour, other.kind) == (thing.colour, thing.kind) for other in others):
        result += [f"the {thing.colour} {thing.kind}"] * 2 if language == "en" else [ZH[thing.colour] + ZH[thing.kind]] * 2
    if not any(other.kind == thing.kind for other in others):
        result += [f"the {thing.kind}"] * 2 if language == "en" else [ZH[thing.kind]] * 2
    if not any(other.colour == thing.colour for other in others):
        result += [f"the {thing.colour} shape", f"the {thing.colour} one"] if language == "en" else [ZH[thing.colour] + "的形状"]
    return result


def described(scene: world.Scene, language: str) -> str:
    """The whole picture in one sentence; things in their order from left to right or from top to bottom."""
    seen = sight.things(scene)
    said = [called(thing, language, size=True) for thing in seen]
    relations = [sight.relation(a, b) for a, b in zip(seen, seen[1:])]
    if language == "zh":
        ground = f"{ZH[scene.background]}背景上"
        if not seen:
            return f"{ground}什么也没有。"
        if len(seen) == 1:
            where = sight.place(seen[0], scene)
            return f"{ground}{ZH[where] if where else ''}有{said[0]}。"
        if len(seen) == 2 and relations[0]:
            return f"{ground}{said[0]}在{said[1]}的{ZH[relations[0]]}。"
        line = "从左到右" if set(relations) == {"left of"} else "从上到下" if set(relations) == {"above"} else ""
        return f"{ground}{line}有{'、'.join(said[:-1])}和{said[-1]}。"
    ground = f"on a {scene.background} background."
    if not seen:
        return f"Nothing {ground}"
    if len(seen) == 1:
        where = sight.place(seen[0], scene)
        text = f"{said[0]} {world.PLACES[where] + ' ' if where else ''}{ground}"
    elif len(seen) == 2 and relations[0]:
        text = f"{said[0]} {relations[0]} {said[1]} {ground}"
    else:
        line = "from left to right " if set(relations) == {"left of"} else "from top to bottom " if set(relations) == {"above"} else ""
        text = f"{', '.join(said[:-1])} and {said[-1]} {line}{ground}"
    return text[0].upper() + text[1:]


def listed(items: list[str], language: str) -> str:
    if len(items) == 1:
        return items[0]
    return ", ".join(items[:-1]) + " and " + items[-1] if language == "en" else "、".join(items[:-1]) + "和" + items[-1]


# --- asking --------------------------------------------------------------------------------------------------------

SEEN_IN = ("", "", " in the picture", " in this picture", " in the image", " in this image")
SHAPES = ("shapes", "shapes", "objects", "figures", "things")
LOOK = {  # one of them is asked; {} is filled by the type
    ("count", "en"): ("How many {shapes} are there{seen}?", "How many {shapes} are there{seen}?", "How many {shapes} do you see?", "How many {shapes} can you see{seen}?",
                      "How many {shapes}?", "Count the {shapes}.", "What is the number of {shapes}?", "How many {shapes} does the picture show?", "How many {shapes} are shown?"),
    ("count", "zh"): ("图中有几个{shapes}?", "有几个{shapes}?", "有多少个{shapes}?", "图里有多少个{shapes}?", "一共有几个{shapes}?", "数一数有几个{shapes}。", "图片中有几个{shapes}?"),
    ("colour", "en"): ("What colour is {x}?", "What colour is {x}?", "Which colour is {x}?", "What is the colour of {x}?", "What colour does {x} have?", "Tell me the colour of {x}."),
    ("colour", "zh"): ("{x}是什么颜色?", "{x}是什么颜色的?", "{x}的颜色是什么?", "图中{x}是什么颜色?"),
    ("shape", "en"): ("What shape is {c}?", "Which shape is {c}?", "What is the {c} shape?", "What is {c}?", "What shape is the {c} one?", "Which {c} shape is there{seen}?"),
    ("shape", "zh"): ("{c}的是什么形状?", "{c}的形状是什么?", "什么形状是{c}的?", "{c}的是什么?"),
    ("beside", "en"): ("What is {r} {x}?", "What is {r} {x}?", "What is {to}{r} {x}?", "Which shape is {to}{r} {x}?", "What do you see {to}{r} {x}?", "What stands {to}{r} {x}?", "What's {to}{r} {x}?"),
    ("beside", "zh"): ("{x}的{r}是什么?", "{x}{r}是什么?", "{x}的{r}有什么?", "什么在{x}的{r}?"),
    ("nearest", "en"): ("What is directly {r} {x}?", "What is directly {to}{r} {x}?", "What is right next to {x}, {to}{r} it?"),
    ("nearest", "zh"): ("紧挨着{x}的{r}是什么?", "{x}的{r}紧挨着的是什么?"),
    ("is beside", "en"): ("Is {x} {r} {y}?", "Is {x} {r} {y}?", "Is {x} {to}{r} {y}?", "Does {x} stand {to}{r} {y}?"),
    ("is beside", "zh"): ("{x}在{y}的{r}吗?", "{x}是在{y}的{r}吗?", "{x}在{y}{r}吗?"),
    ("is there", "en"): ("Is there {a}{seen}?", "Is there {a}{seen}?", "Do you see {a}{seen}?", "Can you see {a}{seen}?", "Does the picture show {a}?", "Does the picture have {a}?"),
    ("is there", "zh"): ("有{a}吗?", "图中有{a}吗?", "图里有没有{a}?", "有没有{a}?", "图片中有{a}吗?", "你看到{a}了吗?"),
    ("where", "en"): ("Where is {x}?", "Where is {x}{seen}?", "Where do you see {x}?", "In which part of the picture is {x}?"),
    ("where", "zh"): ("{x}在哪里?", "{x}在图中哪里?", "{x}在什么位置?", "{x}在哪儿?"),
    ("at", "en"): ("What is {p}?", "What is {p}{seen}?", "What is {p} of the picture?", "What do you see {p}?", "Which shape is {p}?"),
    ("at", "zh"): ("{p}是什么?", "图的{p}是什么?", "{p}有什么?", "图中{p}有什么?"),
    ("size", "en"): ("Is {x} small or large?", "Is {x} large or small?", "Is {x} big or small?", "What size is {x}?", "How big is {x}?", "How large is {x}?", "What is the size of {x}?"),
    ("size", "zh"): ("{x}是大还是小?", "{x}有多大?", "{x}是大的还是小的?", "{x}是小还是大?"),
    ("background", "en"): ("What colour is the background?", "What is the colour of the background?", "What is the background colour?", "Which colour is the background?",
                           "What colour does the background have?", "What is the background?"),
    ("background", "zh"): ("背景是什么颜色?", "背景是什么颜色的?", "背景的颜色是什么?", "图的背景是什么颜色?"),
    ("word", "en"): ("What does the word say?", "What word is in the picture?", "Read the word.", "What is written{seen}?", "What does the text say?", "What does it say?", "Read the text.",
                     "Which word is in the picture?", "What word do you see?", "What is the word?", "Which word is it?", "What text is in the image?", "What word is written in the picture?"),
    ("word", "zh"): ("图中写的是什么?", "单词是什么?", "读出单词。", "写了什么?", "图中的单词是什么?", "图里写着什么?", "文字是什么?", "请读出文字。"),
    ("describe", "en"): ("Describe the picture.", "Describe this picture.", "Describe the image.", "Describe this image.", "What does the picture show?", "What do you see?", "What is in the picture?",
                         "What is in this image?", "What is shown?", "Please describe the picture.", "What can you see?", "Describe what you see.", "What is in the image?"),
    ("describe", "zh"): ("描述这张图。", "描述图片。", "请描述这张图片。", "图中有什么?", "你看到了什么?", "这张图是什么?", "描述一下这张图。", "图片里有什么?"),
    ("list", "en"): ("Which shapes are there{seen}?", "What shapes are there{seen}?", "List the shapes.", "Name the shapes.", "What shapes do you see?", "Which shapes do you see?"),
    ("list", "zh"): ("有哪些形状?", "图中有哪些形状?", "列出所有形状。", "图里有什么形状?"),
    ("colours", "en"): ("What colours are the shapes?", "Which colours do the shapes have?", "What colours do you see?", "Which colours are there{seen}?"),
    ("colours", "zh"): ("形状有哪些颜色?", "图中的形状是什么颜色?", "有哪些颜色?"),
}


def sample(rng: np.random.Generator, scene: world.Scene, relations: float = 0.0) -> Question:
    """A random question about a scene; so large a share as `relations` is about how things stand, the rest is as SHARES says."""
    while True:
        if relations and rng.random() < relations:
            type = "is beside" if rng.random() < 0.5 else "beside"
        else:
            type = str(rng.choice(list(SHARES), p=np.array(list(SHARES.values())) / sum(SHARES.values())))
        if asked := ask(rng, scene, type, "zh" if rng.random() < 0.3 else "en"):
            return asked


def ask(rng: np.random.Generator, scene: world.Scene, type: str, language: str) -> Question | None:
    """A question of one type; None where the scene has nothing to ask about (or, for a few types, has not this time)."""
    made = _ask(rng, scene, sight.things(scene), type, language)
    return Question(type, language, _typed(rng, made[0]), *made[1:]) if made else None


def _typed(rng: np.random.Generator, text: str) -> str:
    """As people type: without the capital, without the mark, color and gray, the Chinese mark."""
    if rng.random() < 0.25:
        text = text[0].lower() + text[1:]
    if rng.random() < 0.15:
        text = text[:-1]
    if rng.random() < 0.4:
        text = text.replace("colour", "color").replace("grey", "gray")
    if text and not text[0].isascii() and rng.random() < 0.5:
        text = text.replace("?", "？").replace(",", "，")
    return text


def _ask(rng: np.random.Generator, scene: world.Scene, seen: list[Thing], type: str, language: str) -> tuple[str, ...] | None:
    """(text, answer) of one type, and the side where two things are named; None where the scene has nothing to ask about."""
    en = language == "en"
    shapes = [thing for thing in seen if thing.kind != "word"]
    yes, no = ("yes", "no") if en else ("是", "不是")

    def pick(options):
        return options[int(rng.integers(len(options)))]

    def put(pattern: str, **filled: str) -> str:
        filled.setdefault("seen", pick(SEEN_IN))
        filled.setdefault("to", pick(("", "to the ")) if filled.get("r", "").endswith("of") else "")
        text = pick(LOOK[pattern, language]).format(**filled)
        return text[0].upper() + text[1:]

    def name(thing: Thing) -> str | None:
        options = names(thing, seen, language)
        return pick(options) if options else None

    def either(*options: list):
        """One of the lists that are not empty, then one of its members."""
        return pick(pick([option for option in options if option]))

    colours, kinds = list(world.COLOURS), list(world.KINDS)
    if type == "count":
        return put("count", shapes=pick(SHAPES) if en else pick(("形状", "图形"))), str(len(shapes))
    if type == "count kind":
        kind = either([s.kind for s in shapes], [s.kind for s in shapes], kinds)
        return put("count", shapes=PLURAL[kind] if en else ZH[kind]), str(sum(s.kind == kind for s in shapes))
    if type == "count colour":
        colour = either([s.colour for s in shapes], [s.colour for s in shapes], colours)
        answer = str(sum(s.colour == colour for s in shapes))
        if en and rng.random() < 0.35:
            return pick((f"How many shapes are {colour}?", f"How many of the shapes are {colour}?", f"How many are {colour}?")), answer
        return put("count", shapes=f"{colour} {pick(SHAPES)}" if en else ZH[colour] + pick(("形状", "的形状", "图形"))), answer
    if type == "colour":
        options = [s for s in shapes if sum(other.kind == s.kind for other in shapes) == 1]
        if not options:
            return None
        thing = pick(options)
        x = f"the {thing.kind}" if en else ZH[thing.kind]
        if rng.random() < 0.1:
            x = f"the {thing.size} {thing.kind}" if en else ZH[thing.size] + ZH[thing.kind]
        return put("colour", x=x), thing.colour if en else ZH[thing.colour]
    if type == "shape":
        options = [s for s in shapes if sum(other.colour == s.colour for other in shapes) == 1]
        if not options:
            return None
        thing = pick(options)
        return put("shape", c=thing.colour if en else ZH[thing.colour]), thing.kind if en else ZH[thing.kind]
    if type == "beside":
        if not seen:
            return None
        thing, direction = pick(seen), pick(sight.DIRECTIONS)
        others = [other for other in seen if other != thing]
        if any(sight.relation(other, thing) is None for other in others):
            return None
        found = sight.beside(thing, direction, seen)
        if (not found and rng.random() < 0.75) or not (x := name(thing)):
            return None
        pattern = "nearest" if len(found) > 1 or rng.random() < 0.1 else "beside"
        return put(pattern, x=x, r=direction if en else ZH[direction]), called(found[0], language) if found else "nothing" if en else "什么也没有"
    if type == "is beside":
        pairs = [(a, b) for a in seen for b in seen if a != b and sight.relation(a, b)]
        if not pairs:
            return None
        a, b = pick(pairs)
        true = rng.random() < 0.5
        holds = sight.relation(a, b)
        direction = holds if true else sight.OPPOSITE[holds] if rng.random() < 0.65 else pick([d for d in sight.DIRECTIONS if d not in (holds, sight.OPPOSITE[holds])])
        if not (x := name(a)) or not (y := name(b)):
            return None
        return put("is beside", x=x, y=y, r=direction if en else ZH[direction]), yes if true else no, holds
    if type == "is there":
        true, form = rng.random() < 0.5, rng.random()
        if form < 0.12:
            return (put("is there", a=pick(("a word", "a word", "any text", "text")) if en else pick(("单词", "文字"))), _has(bool(scene.word), en)) if true == bool(scene.word) else None
        if not shapes:
            return None
        thing = pick(shapes)
        if form < 0.65:  # colour and kind; where it is not so, half of the questions are right in one of the two
            pairs = {(s.colour, s.kind) for s in shapes}
            colour, kind = thing.colour, thing.kind
            if not true:
                part = rng.random()
                colour, kind = (colour, pick(kinds)) if part < 0.35 else (pick(colours), kind) if part < 0.7 else (pick(colours), pick(kinds))
                if len(shapes) > 1 and rng.random() < 0.3:
                    colour, kind = thing.colour, pick(shapes).kind
                if (colour, kind) in pairs:
                    return None
            a = article(f"{colour} {kind}") if en else ZH[colour] + ZH[kind]
        elif form < 0.85:
            kind = thing.kind if true else pick(kinds)
            if (kind in [s.kind for s in shapes]) != true:
                return None
            a = article(kind) if en else ZH[kind]
        else:
            colour = thing.colour if true else pick(colours)
            if (colour in [s.colour for s in shapes]) != true:
                return None
            a = pick((article(f"{colour} shape"), f"anything {colour}", f"something {colour}", article(f"{colour} object"))) if en else ZH[colour] + "的形状"
        return put("is there", a=a), _has(true, en)
    if type == "is":
        if not shapes:
            return None
        thing, true = pick(shapes), rng.random() < 0.5
        unique = sum(other.kind == thing.kind for other in shapes) == 1
        if rng.random() < 0.15:
            ground = scene.background if true else pick([g for g in world.BACKGROUNDS if g != scene.background])
            return (f"Is the background {ground}?" if en else f"背景是{ZH[ground]}吗?"), yes if true else no
        if rng.random() < 0.3:
            if not (x := name(thing)):
                return None
            size = thing.size if true else "small" if thing.size == "large" else "large"
            spoken = ("big" if size == "large" and rng.random() < 0.4 else size)
            text = f"Is {x} {spoken}?" if en else f"{x}是{ZH[size]}的吗?"
            return text[0].upper() + text[1:], yes if true else no
        if not unique:
            return None
        # Where it is not so, another colour of the same picture is as likely as any.
        colour = thing.colour if true else either([s.colour for s in shapes if s.colour != thing.colour], [c for c in colours if c != thing.colour])
        return (f"Is the {thing.kind} {colour}?" if en else f"{ZH[thing.kind]}是{ZH[colour]}的吗?"), yes if true else no
    if type == "where":
        options = [thing for thing in seen if sight.place(thing, scene) and names(thing, seen, language)]
        if not options:
            return None
        thing = pick(options)
        where = sight.place(thing, scene)
        return put("where", x=name(thing)), world.PLACES[where] if en else ZH[where]
    if type == "at":
        where = pick(list(world.PLACES)) if rng.random() < 0.2 else sight.place(pick(seen), scene) if seen else None
        if where is None:
            return None
        # A shape that reaches over the middle is also at each edge's side, so a place is empty only where nothing comes near it.
        there = [thing for thing in seen if sight.place(thing, scene) == where]
        if len(there) > 1 or (not there and len(seen) == 1) or any(sight.place(thing, scene) is None for thing in seen):
            return None
        p = world.PLACES[where] if en else ZH[where]
        return put("at", p=p), called(there[0], language) if there else "nothing" if en else "什么也没有"
    if type == "size":
        options = [s for s in shapes if names(s, seen, language)]
        if not options:
            return None
        thing = pick(options)
        return put("size", x=name(thing)), thing.size if en else ZH[thing.size]
    if type == "background":
        return put("background"), scene.background if en else ZH[scene.background]
    if type == "word":
        if not scene.word and rng.random() < 0.95:
            return None
        return put("word"), scene.word.text if scene.word else "nothing" if en else "什么也没有"
    if type == "describe":
        return put("describe"), described(scene, language)
    if type == "list":
        return put("list"), listed([called(s, language) for s in shapes], language) if shapes else "nothing" if en else "什么也没有"
    if type == "colours":
        found = list(dict.fromkeys(s.colour for s in shapes))
        if not found:
            return None
        return put("colours"), listed(found if en else [ZH[c] for c in found], language)
    raise ValueError(f"unknown type of question {type!r}")


def _has(true: bool, en: bool) -> str:
    return ("yes" if true else "no") if en else ("有" if true else "没有")


def every_text() -> list[str]:
    """All that is said and answered, for the tokenizer: words apart from each other in Chinese."""
    english = [text for (_, language), texts in LOOK.items() if language == "en" for text in texts]
    english += [*SEEN_IN, *SHAPES, *PLURAL.values(), *world.vocabulary(), "yes no nothing anything something object any gray color colors Is Does"]
    english += ["How many of the shapes are", "What's", "Nothing", "from left to right", "from top to bottom", "next"]
    return english
