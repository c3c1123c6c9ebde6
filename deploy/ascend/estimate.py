#!/usr/bin/env python3
"""Calculates seconds per picture on Ascend cards from sizes of the model and rates of the chips.

Nothing here was measured by us on a card. Prints the tables of ESTIMATE.md; `--check` compares that page with them.
Needs Python 3.9 and nothing else.
"""
import math
import sys
from dataclasses import dataclass
from pathlib import Path

# --- The model: configurations and counts of the published GLM-Image checkpoint ---------------------------------------

TEXT_LAYERS, HIDDEN, INNER, KEY_VALUE_WIDTH, HEAD = 40, 4096, 13_696, 2 * 128, 16_512
DIT_LAYERS, DIT_HIDDEN, DIT_INNER, PATCH_IN = 30, 4096, 16_384, 64
VAE_CHANNELS, VAE_RESNETS, LATENT_CHANNELS = [128, 512, 1024, 1024], 4, 16
BYTES = 2  # bf16

# All parameters of a stage, tables that are only looked up included: what `glm plan` counts.
TEXT_PARAMETERS = 8_847_155_200 + 67_633_152
DIT_PARAMETERS = 6_926_882_880


@dataclass(frozen=True)
class Chip:
    name: str
    operations: float  # bf16 peak, a second: cores × MHz × 8192
    bandwidth: float   # bytes a second
    batch: int         # of the text stage in the fleet; the topology of that machine


CHIPS = [
    Chip("910B3", 295e12, 1.6e12, 16),
    Chip("910B4 (32 GB)", 246e12, 0.8e12, 8),
    Chip("A3, one die", 354e12, 1.6e12, 16),
]
CARDS = [1, 2, 4, 8, 16]
ALONE_ON_ONE_CARD = 4  # batch of the text stage that shares its card with diffusion: topologies/one-card.yaml

# --- Assumptions -----------------------------------------------------------------------------------------------------

SHARE_OF_BANDWIDTH = 0.5   # 20.1 ms a token in vLLM-Omni's best run is 0.51 of 1.6 TB/s; its card is not named
SHARE_OF_OPERATIONS = 0.5  # 36.8 s of denoising in its run without a step cache is 0.54 of a 910B3's peak; the same doubt
BATCH_COST = 0.44 / 15     # a text step grows by so much with each further sequence: SGLang, +44 % at 16
ATTENTION_FLOOR = 22e-6    # seconds of one fused attention call however little it does: reported for A3
HOST_LAUNCH = 10e-6        # seconds of the host for one operator: a guess, no native figure is published
# Operators of one step and of one pass. Those of a layer and of a block are asserted in Tests/TensorAscendTests/LaunchTests.swift; the rest was
# counted in Sources: embedding 2, first norm 1, angles 8, head 2, sampling 25; copies of text and prior 2, patches 3, time step 10, end 6.
LAUNCHES_TEXT = 16 * TEXT_LAYERS + 38
LAUNCHES_DIT = 24 * DIT_LAYERS + 21
PROMPT_TOKENS, GLYPH_TOKENS = 200, 30


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


def text_weights():
    """Parameters that one step multiplies by: the layers' matrices and the head, not the table of embeddings."""
    layer = 2 * HIDDEN * HIDDEN + 2 * KEY_VALUE_WIDTH * HIDDEN + 3 * INNER * HIDDEN
    return TEXT_LAYERS * layer + HEAD * HIDDEN


def text_step(chip, work, batch, share):
    """Seconds of one step for all sequences of the batch: reading weights, keys and values; the host runs beside it."""
    rate = chip.bandwidth * share
    weights = BYTES * text_weights() / rate
    context = PROMPT_TOKENS + work.drawn / 2
    cache = batch * context * TEXT_LAYERS * 2 * KEY_VALUE_WIDTH * BYTES / rate
    products = batch * 2 * text_weights() / (chip.operations * share)
    if share == 1:
        return max(weights + cache, products)
    device = max(weights * (1 + BATCH_COST * (batch - 1)) + cache, products) + TEXT_LAYERS * ATTENTION_FLOOR
    return max(device, LAUNCHES_TEXT * HOST_LAUNCH)


def text(chip, work, batch=1, share=SHARE_OF_BANDWIDTH):
    """Seconds of the text stage for one picture of a full batch; the prompt is read once."""
    prefill = 2 * PROMPT_TOKENS * text_weights() / (chip.operations * min(1, share))
    return prefill + work.drawn * text_step(chip, work, batch, share) / batch


def dit_pass(work):
    """Operations of one pass: products with the matrices of the blocks for every token, and the two of attention."""
    tokens = work.image_tokens + GLYPH_TOKENS
    block = 4 * DIT_HIDDEN * DIT_HIDDEN + 2 * DIT_HIDDEN * DIT_INNER
    modulation = 12 * DIT_HIDDEN * 512  # of the time step: once a block and pass, not for every token
    ends = 2 * PATCH_IN * DIT_HIDDEN + 2 * DIT_HIDDEN * DIT_HIDDEN
    attention = 4 * tokens * tokens * DIT_HIDDEN * DIT_LAYERS
    return 2 * tokens * (DIT_LAYERS * block + ends) + 2 * DIT_LAYERS * modulation + attention


def denoise(chip, work, share=SHARE_OF_OPERATIONS, passes=2):
    """Seconds of all steps, with the two passes of guidance one after the other unless a second card takes one."""
    device = dit_pass(work) / (chip.operations * share)
    host = 0 if share == 1 else LAUNCHES_DIT * HOST_LAUNCH
    return work.steps * passes * max(device, host)


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


def between(chip, cards, work=STANDARD):
    """Seconds between two pictures of a fleet that always has requests, and how many cards have a text stage.

    One card has all stages in turn, where they fit. Else a card has one large stage; the best division is taken.
    """
    drawing = denoise(chip, work) + decode(chip, work)
    if cards == 1:
        if "32 GB" in chip.name:
            return None, 0
        return text(chip, work, ALONE_ON_ONE_CARD) + drawing, 1
    return min((max(text(chip, work, chip.batch) / writers, drawing / (cards - writers)), writers) for writers in range(1, cards))


def plan_text(chip, batch):
    """As Sources/Placement/Plan/StageSeconds.swift counts."""
    step = 2 * TEXT_PARAMETERS / (chip.bandwidth * 0.5) * (1 + 0.44 / 15 * (batch - 1))
    return 1281 * step / batch


def plan_diffusion(chip):
    attention = 4 * 4096 * 4096 * DIT_HIDDEN * DIT_LAYERS
    return 50 * 2 * (2 * DIT_PARAMETERS * 4096 + attention) / (chip.operations * 0.5)


# --- Tables ----------------------------------------------------------------------------------------------------------

# Published by others, of one request: what, on, work, its steps as given, seconds of text, of denoising, in all.
PUBLISHED = [
    ("SGLang, all in one process", "1 NPU", Work(1088, 1920, 50), "50", "122.8", "31.6 c", "154.6"),
    ("SGLang, text apart", "1 NPU", Work(1088, 1920, 50), "50", "46.6", "31.6 c", "78.3"),
    ("SGLang, each stage over all cards", "4 NPUs", Work(1088, 1920, 50), "50", "26.1", "9.0 c", "35.2"),
    ("SGLang's test of its split fleet", "A3", STANDARD, "not given", "26.7", "24.2", "-"),
    ("vLLM-Omni, eager", "2 NPUs", STANDARD, "50", "101.6", "36.8", "143"),
    ("vLLM-Omni, graphs, asynchronous", "2 NPUs", STANDARD, "50", "25.8", "11 c", "42"),
    ("vLLM-Omni, a user's run", "NPUs", STANDARD, "50", "32.2", "12.3 c", "50.7"),
    ("vLLM-Omni", "2 × A800", STANDARD, "50", "24.7", "33.8", "61.1"),
    ("diffusers, the model's own page", "1 × H100", STANDARD, "50", "-", "-", "64.3"),
]
# Of a fleet: what, NPUs, work, size as given, seconds between pictures.
PUBLISHED_FLEETS = [
    ("SGLang, batches of 16", 4, Work(1280, 1280, 30), "1280×1280, 30 steps", 1 / 0.1368),
    ("SGLang, 14 denoisers", 16, Work(1280, 1280, 30), "not given; the same taken", 1 / 0.74),
]


def number(value):
    return "does not fit" if value is None else f"{value:.2f}" if value < 1 else f"{value:.1f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def alone_table():
    rows = []
    for chip in CHIPS:
        for kind, share in (("limit", 1.0), ("estimate", None)):
            bandwidth, operations = share or SHARE_OF_BANDWIDTH, share or SHARE_OF_OPERATIONS
            parts = [text(chip, STANDARD, 1, bandwidth), denoise(chip, STANDARD, operations), decode(chip, STANDARD, operations)]
            halved = sum(parts) - parts[1] + denoise(chip, STANDARD, operations, passes=1)
            launches = "" if share else number(sum(parts) + HOST_LAUNCH * (LAUNCHES_TEXT * STANDARD.drawn + LAUNCHES_DIT * 2 * STANDARD.steps))
            rows.append([chip.name, kind] + [number(part) for part in parts] + [number(sum(parts)), launches, number(halved)])
    return table(["chip", "", "text", "denoising", "VAE", "one picture", "launches not hidden", "guidance on two cards"], rows)


def fleet_table():
    def cell(chip, cards):
        seconds, writers = between(chip, cards)
        return number(seconds) if cards == 1 else f"{number(seconds)} ({writers} + {cards - writers})"

    rows = [[chip.name] + [cell(chip, cards) for cards in CARDS] for chip in CHIPS]
    return table(["seconds between pictures"] + [f"{cards} card{'s' if cards > 1 else ''}" for cards in CARDS], rows)


def published_table():
    rows = []
    for what, hardware, work, steps, *seconds in PUBLISHED:
        chip = CHIPS[2] if hardware == "A3" else CHIPS[0]
        ours = [text(chip, work), denoise(chip, work), text(chip, work) + denoise(chip, work) + decode(chip, work)]
        rows.append([what, hardware, f"{work.width}×{work.height}", steps] + seconds + [chip.name.split(",")[0]] + [number(value) for value in ours])
    return table(["published", "on", "size", "steps", "text", "denoising", "in all", "calculated for", "text", "denoising", "in all"], rows)


def published_fleet_table():
    rows = []
    for what, cards, work, size, seconds in PUBLISHED_FLEETS:
        rows.append([what, f"{cards}", size, f"{number(seconds)} c"] + [number(between(chip, cards, work)[0]) for chip in (CHIPS[0], CHIPS[2])])
    return table(["published", "NPUs", "work", "between pictures", "calculated, 910B3", "calculated, A3"], rows)


def plan_table():
    rows = []
    for chip in CHIPS:
        mine, plans = [text(chip, STANDARD, chip.batch), denoise(chip, STANDARD) + decode(chip, STANDARD)], [plan_text(chip, chip.batch), plan_diffusion(chip)]
        rows.append([chip.name] + [cell for a, b in zip(mine, plans) for cell in (number(a), number(b), f"{100 * (b / a - 1):+.0f} %")])
    return table(["chip", "text, full batch", "`glm plan`", "", "diffusion", "`glm plan`", ""], rows)


def report():
    work = STANDARD
    facts = table(["work of one picture of 1024×1024, 50 steps, guidance", ""], [
        ["text: bytes of weights that a step reads", f"{BYTES * text_weights() / 1e9:.2f} GB"],
        ["text: steps (preview, picture, end)", f"{work.drawn}"],
        ["denoising: operations of one pass", f"{dit_pass(work) / 1e12:.1f} × 10¹²"],
        ["denoising: passes", f"{2 * work.steps}"],
        ["VAE: operations of the decoder", f"{vae_operations(work) / 1e12:.1f} × 10¹²"],
        ["launches of a text step, and the host's time for them", f"{LAUNCHES_TEXT}, {1e3 * LAUNCHES_TEXT * HOST_LAUNCH:.1f} ms"],
        ["launches of a denoising pass, and the host's time for them", f"{LAUNCHES_DIT}, {1e3 * LAUNCHES_DIT * HOST_LAUNCH:.1f} ms"],
    ])
    return [facts, alone_table(), fleet_table(), published_table(), published_fleet_table(), plan_table()]


if __name__ == "__main__":
    tables = report()
    if "--check" in sys.argv[1:]:
        page = Path(__file__).with_name("ESTIMATE.md").read_text(encoding="utf-8")
        missing = [each for each in tables if each not in page]
        for each in missing:
            print("not in ESTIMATE.md:\n" + each + "\n")
        sys.exit(1 if missing else 0)
    print("\n\n".join(tables))
