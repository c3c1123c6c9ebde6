#!/usr/bin/env python3
"""Calculates seconds per picture on Ascend cards from sizes of the model and rates of the chips.

Nothing here was measured by us on a card. Prints the tables of ESTIMATE.md; `--check` compares that page with them.
Needs Python 3.9 and nothing else.
"""
import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

# --- The model: configurations and counts of the published GLM-Image checkpoint ---------------------------------------

TEXT_LAYERS, HIDDEN, INNER, KEY_VALUE_WIDTH, HEAD = 40, 4096, 13_696, 2 * 128, 16_512
DIT_LAYERS, DIT_HIDDEN, DIT_INNER, PATCH_IN = 30, 4096, 16_384, 64
VAE_CHANNELS, VAE_RESNETS, LATENT_CHANNELS = [128, 512, 1024, 1024], 4, 16
F32, BF16, INT8 = 4, 2, 1  # bytes

# All parameters of a stage, tables that are only looked up included: what `glm plan` counts.
TEXT_PARAMETERS = 8_847_155_200 + 67_633_152
DIT_PARAMETERS = 6_926_882_880

# --- The cards -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chip:
    name: str
    operations: float  # bf16 peak, a second
    bandwidth: float   # of its memory, bytes a second
    batch: int         # of the text stage in the fleet; the topology of that machine
    holds_both: bool   # a text and a diffusion stage with bf16 weights

    def link(self, ranks):
        """Bytes a second that a card sends to the others of a group: the link model of msmodeling."""
        if "A3" in self.name:
            return LINKS["inPackage"] if ranks == 2 else LINKS["beyondPackage"]
        return LINKS["toEach"] * (ranks - 1)


DEVICES = HERE / "../../Sources/Domain/Devices"


def catalogue():
    """Operations and bytes a second by the name of a chip, as `glm plan` takes them."""
    source = (DEVICES / "ChipCatalogue.swift").read_text(encoding="utf-8")
    rates = {name: float(rate) * 2**40 for name, rate in re.findall(r"(\w+) = ([\d.]+) \* tebibyte", source)}
    figures = {}
    for name, operations, factor, rate in re.findall(r"(\w+)\W+ChipFigures\(operations: ([\de.]+), bandwidth: (?:([\d.]+) \* )?(\w+)[,)]", source):
        figures[name] = float(operations), float(factor) * 2**40 if factor else rates[rate]
    return figures


def links():
    """Bytes a second by the kind of link, as `glm plan` takes them."""
    source = (DEVICES / "CardLink.swift").read_text(encoding="utf-8")
    return {name: float(rate) for name, rate in re.findall(r"static let (\w+) = ([\de.]+)", source)}


FIGURES, LINKS = catalogue(), links()
CHIPS = [
    Chip("910B3", *FIGURES["910B3"], batch=16, holds_both=True),
    Chip("910B4 (32 GB)", *FIGURES["slowestOfA2"], batch=8, holds_both=False),
    Chip("A3, one die", *FIGURES["die"], batch=16, holds_both=True),
]
CARDS = [1, 2, 4, 8, 16]
ALONE_ON_ONE_CARD = 4  # batch of the text stage that shares its card with diffusion: topologies/one-card.yaml

# --- Assumptions -----------------------------------------------------------------------------------------------------

SHARE_OF_BANDWIDTH = 0.5   # 20.1 ms a token in vLLM-Omni's best run is 0.46 of 1.6 TiB/s, attention included; its card is not named
SHARE_OF_OPERATIONS = 0.5  # 36.8 s of denoising in its run without a step cache is 0.54 of a 910B3's peak; the same doubt
SHARE_OF_LINK = 0.7        # msmodeling
BATCH_COST = 0.44 / 15     # a text step grows by so much with each further sequence: SGLang, +44 % at 16
ATTENTION_FLOOR = 22e-6    # seconds of one fused attention call however little it does: reported for A3
HOST_LAUNCH = 10e-6        # seconds of the host for one operator or another call: a guess, no native figure is published
HOST_COLLECTIVE = 100e-6   # seconds of the host for one collective: a guess; 481 µs are reported for a 910A
DEVICE_LAUNCH = 2.5e-6     # seconds of the card between two operators: msmodeling, 2 µs, of a matrix product 5
COLLECTIVE = 10e-6         # seconds of the card for one collective however little it sends: msmodeling
PROMPT_TOKENS, GLYPH_TOKENS = 200, 30
COLLECTIVES = 4            # a transformer block and pass: queries, keys, values, and the result
SUMS = 2                   # the same by tensor parallelism: behind attention, and behind the MLP

# The most operators and calls of CANN: LaunchTests and DecodingTests of Tests/TensorAscendTests assert them.
LAUNCHES = json.loads((HERE / "launches.json").read_text(encoding="utf-8"))
TEXT_LAUNCHES = LAUNCHES["decoder_layer"] * TEXT_LAYERS + LAUNCHES["step_beside_layers"] + LAUNCHES["sampling"]
REPLAYED_CALLS = LAUNCHES["calls_of_replayed_step"]

# As counted in the code of 0.1.0 before activations were bf16: operators, plans that could not be kept, bytes of f32 activations that a
# transformer block read and wrote.
FORMER_LAYER, FORMER_TEXT_LAUNCHES, FORMER_TEXT_PLANS, FORMER_BLOCK, FORMER_DIT_LAUNCHES = 34, 1405, 120, 51, 1560
FORMER_ACTIVATIONS = 4.3e9


def dit_launches(ranks=1):
    """Of one pass on one card: a rank also copies each other rank's part of what it exchanges to or from its place."""
    block = LAUNCHES["transformer_block"] + (COLLECTIVES * ranks if ranks > 1 else 0)
    return block * DIT_LAYERS + LAUNCHES["pass_beside_blocks"]


@dataclass(frozen=True)
class Work:
    height: int
    width: int
    steps: int

    @property
    def codes(self):
        return self.height // 32 * (self.width // 32)

    @property
    def drawn(self):
        ratio = self.height / self.width
        return int(math.sqrt(ratio) * 16) * int(math.sqrt(1 / ratio) * 16) + self.codes + 1

    @property
    def image_tokens(self):
        return self.height // 16 * (self.width // 16)


STANDARD = Work(1024, 1024, 50)


LAYER_WEIGHTS = TEXT_LAYERS * (2 * HIDDEN * HIDDEN + 2 * KEY_VALUE_WIDTH * HIDDEN + 3 * INNER * HIDDEN)
HEAD_WEIGHTS = HEAD * HIDDEN  # bf16 in a checkpoint with int8 weights, too


def text_bytes(weight=BF16):
    """Bytes of the weights that one step multiplies by: the layers' matrices and the head, not the table of embeddings."""
    return weight * LAYER_WEIGHTS + BF16 * HEAD_WEIGHTS


def text_step(chip, work, batch, share, weight=BF16):
    """Seconds of one step for all sequences of the batch: reading weights, keys and values. The host replays it meanwhile."""
    rate = chip.bandwidth * share
    weights = text_bytes(weight) / rate
    context = PROMPT_TOKENS + work.drawn / 2
    cache = batch * context * TEXT_LAYERS * 2 * KEY_VALUE_WIDTH * BF16 / rate
    products = batch * 2 * (LAYER_WEIGHTS + HEAD_WEIGHTS) / (chip.operations * share)
    if share == 1:
        return max(weights + cache, products)
    device = max(weights * (1 + BATCH_COST * (batch - 1)) + cache, products) + TEXT_LAYERS * ATTENTION_FLOOR
    return max(device, REPLAYED_CALLS * HOST_LAUNCH)


def text(chip, work, batch=1, share=SHARE_OF_BANDWIDTH, weight=BF16):
    """Seconds of the text stage for one picture of a full batch; the prompt is read once."""
    prefill = 2 * PROMPT_TOKENS * (LAYER_WEIGHTS + HEAD_WEIGHTS) / (chip.operations * min(1, share))
    return prefill + work.drawn * text_step(chip, work, batch, share, weight) / batch


def dit_pass(work, weight=BF16):
    """Operations of one pass at the rate of bf16: products with the matrices of the blocks for every token, and the two of attention.

    Products of int8 take half the time.
    """
    tokens = work.image_tokens + GLYPH_TOKENS
    block = 4 * DIT_HIDDEN * DIT_HIDDEN + 2 * DIT_HIDDEN * DIT_INNER
    modulation = 12 * DIT_HIDDEN * 512  # of the time step: once a block and pass, not for every token
    ends = 2 * PATCH_IN * DIT_HIDDEN + 2 * DIT_HIDDEN * DIT_HIDDEN
    attention = 4 * tokens * tokens * DIT_HIDDEN * DIT_LAYERS
    return 2 * tokens * (DIT_LAYERS * block * weight / BF16 + ends) + 2 * DIT_LAYERS * modulation + attention


def exchange(chip, tokens, ranks):
    """Seconds that a pass takes longer because ranks exchange rows for heads (Ulysses): each sends the others their share."""
    if ranks == 1:
        return 0
    own = tokens / ranks * DIT_HIDDEN * BF16
    sent = own * (ranks - 1) / ranks / (chip.link(ranks) * SHARE_OF_LINK)
    packed = 2 * own / (chip.bandwidth * SHARE_OF_BANDWIDTH)
    return DIT_LAYERS * COLLECTIVES * (sent + packed + COLLECTIVE)


def sums(chip, tokens, ranks):
    """Seconds that a pass takes longer because ranks sum their terms of all rows (tensor parallelism): each sends the others' share of terms,
    then of sums."""
    sent = 2 * tokens * DIT_HIDDEN * F32 * (ranks - 1) / ranks / (chip.link(ranks) * SHARE_OF_LINK)
    return DIT_LAYERS * SUMS * (sent + COLLECTIVE)


def one_pass(chip, work, share=SHARE_OF_OPERATIONS, ranks=1, weight=BF16):
    device = dit_pass(work, weight) / ranks / (chip.operations * share) + exchange(chip, work.image_tokens + GLYPH_TOKENS, ranks)
    collectives = DIT_LAYERS * COLLECTIVES if ranks > 1 else 0
    host = 0 if share == 1 else dit_launches(ranks) * HOST_LAUNCH + collectives * HOST_COLLECTIVE
    return max(device, host)


def steps_in_full(work, cached):
    """How many steps' work all steps take. Step caching skips most: the first 4 and the last are computed in full, of the others at least
    every fifth; the rest compute 3 of the blocks."""
    if not cached:
        return work.steps
    full = min(4, work.steps) + max(0, work.steps - 5) // 5 + 1
    return full + (work.steps - full) * 3 / DIT_LAYERS


def denoise(chip, work, share=SHARE_OF_OPERATIONS, cards=1, weight=BF16, cached=False):
    """Seconds of all steps. Two cards take the two passes of guidance side by side; 4 and more divide each of them among half as many."""
    passes, ranks = (2, 1) if cards == 1 else (1, cards // 2)
    return steps_in_full(work, cached) * passes * one_pass(chip, work, share, ranks, weight)


def vae_operations(work):
    """Operations of the decoder's convolutions, 3 × 3 each."""
    def convolution(inputs, outputs, pixels, kernel=9):
        return 2 * kernel * inputs * outputs * pixels

    pixels = work.height // 8 * (work.width // 8)
    channels = VAE_CHANNELS[::-1]
    total = convolution(LATENT_CHANNELS, channels[0], pixels) + 4 * convolution(channels[0], channels[0], pixels)
    inputs = channels[0]
    for level, outputs in enumerate(channels):
        for resnet in range(VAE_RESNETS):
            total += convolution(inputs, outputs, pixels) + convolution(outputs, outputs, pixels)
            if inputs != outputs:
                total += convolution(inputs, outputs, pixels, kernel=1)
            inputs = outputs
        if level + 1 < len(channels):
            pixels *= 4
            total += convolution(outputs, outputs, pixels)
    return total + convolution(inputs, 3, pixels)


def decode(chip, work, share=SHARE_OF_OPERATIONS):
    return vae_operations(work) / (chip.operations * share)


def picture(chip, work, cards, weight=BF16, cached=False):
    """Seconds of text, denoising and all of one picture on so many cards, the only request there; None where they don't hold the stages.

    Text has one card, which diffusion has, too, where it holds both.
    """
    left = cards if chip.holds_both else cards - 1
    if left < 1:
        return None
    parts = text(chip, work, weight=weight), denoise(chip, work, cards=2 ** int(math.log2(left)), weight=weight, cached=cached)
    return *parts, sum(parts) + decode(chip, work)


def between(chip, cards, work=STANDARD, weight=BF16, cached=False):
    """Seconds between two pictures of a fleet that always has requests, and how many cards have a text stage.

    One card has all stages in turn, where they fit. Else a card has one large stage; the best division is taken.
    """
    drawing = denoise(chip, work, weight=weight, cached=cached) + decode(chip, work)
    if cards == 1:
        return (text(chip, work, ALONE_ON_ONE_CARD, weight=weight) + drawing, 1) if chip.holds_both else (None, 0)
    writing = text(chip, work, chip.batch, weight=weight)
    return min((max(writing / writers, drawing / (cards - writers)), writers) for writers in range(1, cards))


def plan_text(chip, batch):
    """As Sources/Placement/Plan/StageSeconds.swift counts."""
    step = 2 * TEXT_PARAMETERS / (chip.bandwidth * 0.5) * (1 + 0.44 / 15 * (batch - 1))
    return 1281 * step / batch


def plan_diffusion(chip):
    attention = 4 * 4096 * 4096 * DIT_HIDDEN * DIT_LAYERS
    return 50 * 2 * (2 * DIT_PARAMETERS * 4096 + attention) / (chip.operations * 0.5)


# --- Tables ----------------------------------------------------------------------------------------------------------

# Published by others, of one request: what, on, cards of ours beside it, work, its steps as given, seconds of text, of denoising, in all.
PUBLISHED = [
    ("SGLang, all in one process", "1 NPU", 1, Work(1088, 1920, 50), "50", "122.8", "31.6 c", "154.6"),
    ("SGLang, text apart", "1 NPU", 1, Work(1088, 1920, 50), "50", "46.6", "31.6 c", "78.3"),
    ("SGLang, each stage over all cards", "4 NPUs", 4, Work(1088, 1920, 50), "50", "26.1", "9.0 c", "35.2"),
    ("SGLang's test of its split fleet", "A3", 2, STANDARD, "not given", "26.7", "24.2", "-"),
    ("vLLM-Omni, eager", "2 NPUs", 2, STANDARD, "50", "101.6", "36.8", "143"),
    ("vLLM-Omni, graphs, asynchronous", "2 NPUs", 2, STANDARD, "50", "25.8", "11 c", "42"),
    ("vLLM-Omni, a user's run", "NPUs", 2, STANDARD, "50", "32.2", "12.3 c", "50.7"),
    ("vLLM-Omni", "2 × A800", 2, STANDARD, "50", "24.7", "33.8", "61.1"),
    ("diffusers, the model's own page", "1 × H100", 1, STANDARD, "50", "-", "-", "64.3"),
]
# Of a fleet: what, NPUs, work, size as given, seconds between pictures.
PUBLISHED_FLEETS = [
    ("SGLang, batches of 16", 4, Work(1280, 1280, 30), "1280×1280, 30 steps", 1 / 0.1368),
    ("SGLang, 14 denoisers", 16, Work(1280, 1280, 30), "not given; the same taken", 1 / 0.74),
]


def number(value):
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


VARIANTS = [("bf16", BF16, False), ("bf16, step cache", BF16, True), ("int8", INT8, False), ("int8, step cache", INT8, True)]


def alone_table():
    rows = []
    for chip in CHIPS:
        for kind, share in (("limit", 1.0), ("estimate", None)):
            bandwidth, operations = share or SHARE_OF_BANDWIDTH, share or SHARE_OF_OPERATIONS
            parts = [text(chip, STANDARD, 1, bandwidth), denoise(chip, STANDARD, operations), decode(chip, STANDARD, operations)]
            host = HOST_LAUNCH * (TEXT_LAUNCHES * STANDARD.drawn + dit_launches() * 2 * STANDARD.steps)
            rows.append([chip.name, kind] + [number(part) for part in parts] + [number(sum(parts)), "" if share else number(sum(parts) + host)])
    return table(["chip", "", "text", "denoising", "VAE", "one picture", "launches not hidden"], rows)


def cards_head(first):
    return first + [f"{cards} card{'s' if cards > 1 else ''}" for cards in CARDS]


def cards_table():
    def cell(chip, cards, *variant):
        parts = picture(chip, STANDARD, cards, *variant)
        return "-" if parts is None else number(parts[2])

    rows = [[chip.name, name] + [cell(chip, cards, *variant) for cards in CARDS] for chip in CHIPS for name, *variant in VARIANTS]
    return table(cards_head(["one picture", ""]), rows)


def fleet_table():
    def cell(chip, cards, *variant):
        seconds, writers = between(chip, cards, STANDARD, *variant)
        return "-" if seconds is None else number(seconds) if cards == 1 else f"{number(seconds)} ({writers} + {cards - writers})"

    rows = [[chip.name, name] + [cell(chip, cards, *variant) for cards in CARDS] for chip in CHIPS for name, *variant in VARIANTS]
    return table(cards_head(["seconds between pictures", ""]), rows)


def former_table():
    """What the code of before would take on a 910B3, and what this one takes."""
    chip = CHIPS[0]
    step = text_step(chip, STANDARD, 1, SHARE_OF_BANDWIDTH) + (FORMER_TEXT_LAUNCHES - TEXT_LAUNCHES) * DEVICE_LAUNCH
    step = max(step, (FORMER_TEXT_LAUNCHES + FORMER_TEXT_PLANS) * HOST_LAUNCH)
    former_text = text(chip, STANDARD) + STANDARD.drawn * (step - text_step(chip, STANDARD, 1, SHARE_OF_BANDWIDTH))
    wider = DIT_LAYERS * FORMER_ACTIVATIONS / 2 / (chip.bandwidth * SHARE_OF_BANDWIDTH)
    former_pass = one_pass(chip, STANDARD) + wider + (FORMER_DIT_LAUNCHES - dit_launches()) * DEVICE_LAUNCH
    former = [former_text + passes * STANDARD.steps * former_pass + decode(chip, STANDARD) for passes in (2, 1)]
    text_calls = FORMER_TEXT_LAUNCHES + FORMER_TEXT_PLANS

    def seconds(cards):
        return number(picture(chip, STANDARD, cards)[2])

    return table(["", "before", "now"], [
        ["operators of a decoder's layer in a step", f"{FORMER_LAYER}", f"{LAUNCHES['decoder_layer']}"],
        ["operators of a text step, sampling included", f"{FORMER_TEXT_LAUNCHES}", f"{TEXT_LAUNCHES}"],
        ["calls of CANN for it", f"{text_calls} and copies", f"{REPLAYED_CALLS}, replayed"],
        ["the host's time for them", f"{1e3 * text_calls * HOST_LAUNCH:.1f} ms", f"{1e3 * REPLAYED_CALLS * HOST_LAUNCH:.1f} ms"],
        ["operators of a transformer block", f"{FORMER_BLOCK}", f"{LAUNCHES['transformer_block']}"],
        ["operators of a denoising pass", f"{FORMER_DIT_LAUNCHES}", f"{dit_launches()}"],
        ["the host's time for them", f"{1e3 * FORMER_DIT_LAUNCHES * HOST_LAUNCH:.1f} ms", f"{1e3 * dit_launches() * HOST_LAUNCH:.1f} ms"],
        ["one picture on one 910B3", number(former[0]), seconds(1)],
        ["on two", number(former[1]), seconds(2)],
        ["on four, eight, sixteen", "as on two", ", ".join(seconds(cards) for cards in (4, 8, 16))],
    ])


def published_table():
    rows = []
    for what, hardware, cards, work, steps, *seconds in PUBLISHED:
        chip = CHIPS[2] if hardware == "A3" else CHIPS[0]
        ours = picture(chip, work, cards, BF16, "c" in seconds[1])
        rows.append([what, hardware, f"{work.width}×{work.height}", steps] + seconds + [f"{cards} × {chip.name.split(',')[0]}"] + [number(value) for value in ours])
    return table(["published", "on", "size", "steps", "text", "denoising", "in all", "calculated for", "text", "denoising", "in all"], rows)


def published_fleet_table():
    rows = []
    for what, cards, work, size, seconds in PUBLISHED_FLEETS:
        ours = [number(between(chip, cards, work, BF16, True)[0]) for chip in (CHIPS[0], CHIPS[2])]
        rows.append([what, f"{cards}", size, f"{number(seconds)} c"] + ours)
    return table(["published", "NPUs", "work", "between pictures", "calculated, 910B3", "calculated, A3"], rows)


def plan_table():
    rows = []
    for chip in CHIPS:
        mine, plans = [text(chip, STANDARD, chip.batch), denoise(chip, STANDARD) + decode(chip, STANDARD)], [plan_text(chip, chip.batch), plan_diffusion(chip)]
        rows.append([chip.name] + [cell for a, b in zip(mine, plans) for cell in (number(a), number(b), f"{100 * (b / a - 1):+.0f} %")])
    return table(["chip", "text, full batch", "`glm plan`", "", "diffusion", "`glm plan`", ""], rows)


def exchange_table():
    """As Sources/Placement/Plan/StageSeconds.swift counts; PlacementTests compares both."""
    degrees = [2, 4, 8]
    rows = [[chip.name] + [f"{1e3 * exchange(chip, STANDARD.image_tokens, ranks):.2f}" for ranks in degrees] for chip in CHIPS]
    return table(["exchange in a pass, ms"] + [f"degree {ranks}" for ranks in degrees], rows)


def sums_table():
    """The same for tensor parallelism."""
    sizes = [2, 4]
    rows = [[chip.name] + [f"{1e3 * sums(chip, STANDARD.image_tokens, ranks):.2f}" for ranks in sizes] for chip in CHIPS]
    return table(["sums in a pass, ms"] + [f"size {ranks}" for ranks in sizes], rows)


def report():
    work = STANDARD
    facts = table(["work of one picture of 1024×1024, 50 steps, guidance", ""], [
        ["text: bytes of weights that a step reads, bf16 and int8", f"{text_bytes() / 1e9:.2f}, {text_bytes(INT8) / 1e9:.2f} GB"],
        ["text: steps (preview, picture, end)", f"{work.drawn}"],
        ["denoising: operations of one pass", f"{dit_pass(work) / 1e12:.1f} × 10¹²"],
        ["denoising: passes", f"{2 * work.steps}"],
        ["denoising: what all steps take with step caching, at least", f"{steps_in_full(work, True):.1f} of {work.steps} steps"],
        ["VAE: operations of the decoder", f"{vae_operations(work) / 1e12:.1f} × 10¹²"],
    ])
    return [alone_table(), cards_table(), fleet_table(), former_table(), facts, published_table(), published_fleet_table(), plan_table(), exchange_table(), sums_table()]


if __name__ == "__main__":
    tables = report()
    if "--check" in sys.argv[1:]:
        page = Path(__file__).with_name("ESTIMATE.md").read_text(encoding="utf-8")
        missing = [each for each in tables if each not in page]
        for each in missing:
            print("not in ESTIMATE.md:\n" + each + "\n")
        sys.exit(1 if missing else 0)
    print("\n\n".join(tables))
