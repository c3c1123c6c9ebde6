"""How well pictures obey their prompts: a table over prompts and edits of combinations that were never trained.

    evaluate --model DIR                      make the pictures with diffusers, then judge them
    evaluate --glm-gateway PROGRAM            make them with this repository's system: starts the gateway, draws through `glm`, ends it
    evaluate --model DIR --true-codes         by diffusers, but without the AR model: the scenes' own codes
    evaluate --model DIR --codes-only         only the AR model: are the large grid's codes the scene's?
    evaluate --write-cases FOLDER             only write the list: cases.json, and the edits' source pictures beside it
    evaluate --cases FOLDER --pictures FOLDER judge PNGs that anything made, named by their case's number (0000.png)
    evaluate --self-test                      judge the world's own pictures
"""
from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from . import check, gateway, world

# Dealt in turn: of 220 cases 40 are of one shape, 60 of two, 40 of three, 40 with a word and 40 edits.
FAMILIES = ("one", "two", "three", "word", "edit", "two", "one", "three", "word", "edit", "two")
COLUMNS = ("background", "colours", "shapes", "size", "place", "word", "letters", "all")


@dataclass(frozen=True)
class Case:
    prompt: str
    height: int
    width: int
    source: np.ndarray | None  # uint8 [height, width, 3]; the picture that is to be edited
    scene: world.Scene | None = None  # what is meant, where the case was made here
    edit: world.Edit | None = None

    @property
    def family(self) -> str:
        if self.source is not None:
            return "edit"
        wanted = check.expect(self.prompt)
        return "word" if wanted.word else ("one", "two", "three")[len(wanted.shapes) - 1]


def draw_cases(count: int, seed: int, split: str, families: tuple[str, ...] = FAMILIES) -> list[Case]:
    rng, cases = np.random.default_rng(seed), []
    for i in range(count):
        if families[i % len(families)] == "edit":
            edit = world.sample_edit(rng, split)
            scene, source = edit.target, world.render(edit.source)
        else:
            edit, source = None, None
            scene = world.sample(rng, families[i % len(families)], split)
        cases.append(Case(scene.prompt, scene.height * world.CELL, scene.width * world.CELL, source, scene, edit))
    return cases


def write_cases(cases: list[Case], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i, case in enumerate(cases):
        row = {"prompt": case.prompt, "width": case.width, "height": case.height}
        if case.source is not None:
            row["source"] = f"source-{i:04d}.png"
            Image.fromarray(case.source).save(folder / row["source"])
        rows.append(row)
    (folder / "cases.json").write_text(json.dumps(rows, indent=1) + "\n")


def read_cases(folder: Path) -> list[Case]:
    return [Case(row["prompt"], row["height"], row["width"], read(folder / row["source"]) if "source" in row else None)
            for row in json.loads((folder / "cases.json").read_text())]


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def judge(case: Case, picture: np.ndarray) -> dict:
    if picture.shape != (case.height, case.width, 3):
        raise SystemExit(f"a picture of {picture.shape[1]}x{picture.shape[0]} for a case of {case.width}x{case.height}: {case.prompt}")
    verdict = check.judge(case.prompt, picture) if case.source is None else check.judge_edit(case.prompt, case.source, picture)
    return dict(verdict, prompt=case.prompt, family=case.family, square=case.height == case.width)


def table(verdicts: list[dict]) -> str:
    rows = {name: [v for v in verdicts if v["family"] == name] for name in ("one", "two", "three", "word", "edit")}
    rows["256x256"] = [v for v in verdicts if v["square"]]
    rows["other sizes"] = [v for v in verdicts if not v["square"]]
    rows["every"] = verdicts
    lines = ["| cases | n | " + " | ".join(COLUMNS) + " |", "|---|---|" + "---|" * len(COLUMNS)]
    for name, chosen in rows.items():
        cells = []
        for column in COLUMNS:
            of = [v for v in chosen if v["family"] == "word"] if column in ("word", "letters") else chosen
            cells.append(f"{100 * np.mean([v[column] for v in of]):.0f} %" if of else "")
        if chosen:
            lines.append(f"| {name} | {len(chosen)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


# --- diffusers ----------------------------------------------------------------------------------------------------

def load(options: argparse.Namespace):
    import torch
    from diffusers import GlmImagePipeline
    torch.set_num_threads(options.threads)
    pipeline = GlmImagePipeline.from_pretrained(options.model, torch_dtype=torch.bfloat16)
    if options.dtype == "f32":  # bf16 weights, f32 arithmetic
        pipeline.to(torch.float32)
    pipeline.to(options.device)
    pipeline.set_progress_bar_config(disable=True)
    # These versions hand get_image_tokens the sources' features as one tensor where it takes a list, one for each source.
    encoder, once = pipeline.vision_language_encoder, pipeline.vision_language_encoder.get_image_tokens

    def get_image_tokens(features, grids):
        if torch.is_tensor(features) and features.ndim == 3:
            sizes = grids[:, 1:].tolist()
            features = list(features.split([features.shape[0] // len(sizes)] * len(sizes)))
        return once(features, grids)

    encoder.get_image_tokens = get_image_tokens
    return pipeline


def batches(cases: list[Case], size: int) -> list[list[int]]:
    """Cases of one size whose quoted words have one length share a batch: others would be padded. Edits go alone."""
    groups: dict[tuple, list[int]] = {}
    for i, case in enumerate(cases):
        word = check.expect(case.prompt).word if case.source is None else None
        groups.setdefault((case.height, case.width, len(word or "")) if case.source is None else (i,), []).append(i)
    return [group[start:start + size] for group in groups.values() for start in range(0, len(group), size)]


def draw(cases: list[Case], options: argparse.Namespace) -> list[np.ndarray]:
    import torch
    from .dit import prior_ids
    pipeline, pictures = load(options), {}
    for part in batches(cases, options.batch):
        first, more = cases[part[0]], {}
        if first.source is not None:
            more["image"] = [Image.fromarray(first.source)]
        if options.true_codes:
            more |= dict(prior_token_image_ids=None, source_image_grid_thw=None)
            more["prior_token_ids"] = torch.from_numpy(np.stack([prior_ids(cases[i].scene) for i in part])).to(options.device)
            if first.edit:
                source = first.edit.source
                more["prior_token_image_ids"] = [torch.from_numpy(prior_ids(source))]
                more["source_image_grid_thw"] = [torch.tensor([[1, source.height * 2, source.width * 2]])]
        output = pipeline(
            prompt=[cases[i].prompt for i in part], height=first.height, width=first.width, num_inference_steps=options.steps,
            guidance_scale=options.guidance, generator=torch.Generator("cpu").manual_seed(options.seed + part[0]), output_type="np", **more).images
        pictures |= {i: np.round(picture * 255).astype(np.uint8) for i, picture in zip(part, output)}
    return [pictures[i] for i in range(len(cases))]


def codes_table(cases: list[Case], options: argparse.Namespace) -> str:
    """Share of cases whose sampled codes of the large grid are all right, or all but two."""
    import torch
    from .dit import prior_ids
    pipeline = load(options)
    wrong: dict[str, list[int]] = {}
    for part in batches(cases, options.batch):
        first = cases[part[0]]
        prior, source, _ = pipeline.generate_prior_tokens(
            [cases[i].prompt for i in part], first.height, first.width, image=None if first.source is None else [[Image.fromarray(first.source)]],
            generator=torch.Generator().manual_seed(options.seed + part[0]))
        for i, ids in zip(part, prior.cpu().numpy()):
            count = int((ids != prior_ids(cases[i].scene)).sum()) // 4
            wrong.setdefault(cases[i].family, []).append(count)
            if count and options.verbose:
                print(f"{count:3d} wrong: {cases[i].prompt}")
        if source is not None:
            misread = int((source[0].cpu().numpy() != prior_ids(first.edit.source)).sum()) // 4
            wrong.setdefault("sources read", []).append(misread)
    lines = ["| cases | n | all codes right | at most 2 wrong |", "|---|---|---|---|"]
    for name, counts in wrong.items():
        lines.append(f"| {name} | {len(counts)} | {100 * np.mean(np.array(counts) == 0):.0f} % | {100 * np.mean(np.array(counts) <= 2):.0f} % |")
    return "\n".join(lines)


def sheet(pictures: list[np.ndarray], columns: int = 8) -> Image.Image:
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    rows = -(-len(pictures) // columns)
    result = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), (255, 0, 255))
    for i, picture in enumerate(pictures):
        result.paste(Image.fromarray(picture), ((i % columns) * (width + 4) + 2, (i // columns) * (height + 4) + 2))
    return result


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="glm_tiny.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a checkpoint's folder; the gateway's own default is the repository's glm-tiny")
    parser.add_argument("--glm-gateway", type=Path, help="the built program; `glm` and the stages' programs lie beside it")
    parser.add_argument("--cases", type=Path, help="folder of a written list")
    parser.add_argument("--pictures", type=Path, help="folder of PNG files to judge")
    parser.add_argument("--write-cases", type=Path, metavar="FOLDER")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--true-codes", action="store_true")
    parser.add_argument("--codes-only", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="name the cases that went wrong")
    parser.add_argument("--count", type=int, default=220)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--split", choices=("held", "train", "any"), default="held")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--step-cache", type=float, default=0, help="threshold of step caching, with --glm-gateway; 0: none")
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the pictures, a contact sheet and the verdicts")
    options = parser.parse_args(arguments)
    cases = read_cases(options.cases) if options.cases else draw_cases(options.count, options.seed, options.split, tuple(options.families.split(",")))
    begin = time.monotonic()
    if options.write_cases:
        return write_cases(cases, options.write_cases)
    if options.codes_only:
        return print(codes_table(cases, options))
    if options.pictures:
        pictures = [read(options.pictures / f"{i:04d}.png") for i in range(len(cases))]
    elif options.self_test:
        pictures = [world.render(case.scene) for case in cases]
    elif options.glm_gateway:
        pictures = gateway.draw(options.glm_gateway, cases, options)
    else:
        pictures = draw(cases, options)
    verdicts = [judge(case, picture) for case, picture in zip(cases, pictures)]
    print(table(verdicts))
    print(f"{time.monotonic() - begin:.0f} s")
    if options.verbose:
        for i, verdict in enumerate(verdicts):
            if not verdict["all"]:
                print(f"{i:4d} {verdict['prompt']} -", ", ".join(name for name in COLUMNS if not verdict.get(name, True)))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(options.out / f"{i:04d}.png")
        write_cases(cases, options.out)
        (options.out / "verdicts.json").write_text(json.dumps(verdicts, indent=1, default=bool) + "\n")
        sheet(pictures).save(options.out / "sheet.png")


if __name__ == "__main__":
    main()
