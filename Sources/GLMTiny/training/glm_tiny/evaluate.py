"""How well pictures obey their prompts: a table over prompts of combinations that were never trained.

    evaluate --model DIR                       make the pictures with diffusers, then judge them
    evaluate --model DIR --true-codes          the same, but without the AR model: the scene's own codes
    evaluate --model DIR --codes-only          only the AR model: are the large grid's codes the scene's?
    evaluate --prompts FILE --write-prompts    only write the list of prompts
    evaluate --prompts FILE --pictures FOLDER  judge PNGs that anything made, in the order of their names
    evaluate --self-test                       judge the world's own pictures
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from . import check, world

FAMILY_SHARES = ("one", "two", "two", "three", "word")  # dealt in turn
COLUMNS = ("background", "colours", "shapes", "size", "place", "word", "letters", "all")


def scenes(count: int, seed: int, split: str, families: tuple[str, ...] = FAMILY_SHARES) -> list[world.Scene]:
    rng = np.random.default_rng(seed)
    return [world.sample(rng, families[i % len(families)], split) for i in range(count)]


def family(prompt: str) -> str:
    wanted = check.expect(prompt)
    return "word" if wanted.word else ("one", "two", "three")[len(wanted.shapes) - 1]


def table(prompts: list[str], pictures: list[np.ndarray]) -> tuple[str, list[dict]]:
    verdicts = [dict(check.judge(prompt, picture), prompt=prompt, family=family(prompt)) for prompt, picture in zip(prompts, pictures)]
    lines = ["| prompts | n | " + " | ".join(COLUMNS) + " |", "|---|---|" + "---|" * len(COLUMNS)]
    for name in ("one", "two", "three", "word", "every"):
        rows = [v for v in verdicts if name in ("every", v["family"])]
        if rows:
            cells = []
            for column in COLUMNS:
                of = [v for v in rows if v["family"] == "word"] if column in ("word", "letters") else rows
                cells.append(f"{100 * np.mean([v[column] for v in of]):.0f} %" if of else "")
            lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    return "\n".join(lines), verdicts


def codes_table(model: Path, chosen: list[world.Scene], options: argparse.Namespace) -> str:
    """Share of prompts whose sampled codes of the large grid are all right, or all but two."""
    import torch
    from .dit import prior_ids
    pipeline = load(model, options)
    wrong: dict[str, list[int]] = {}
    for start in range(0, len(chosen), options.batch):
        part = chosen[start:start + options.batch]
        prior, _, _ = pipeline.generate_prior_tokens(
            [scene.prompt for scene in part], part[0].height * 32, part[0].width * 32, generator=torch.Generator().manual_seed(options.seed + start))
        for scene, ids in zip(part, prior.cpu().numpy()):
            count = int((ids != prior_ids(scene)).sum()) // 4
            wrong.setdefault(scene.family, []).append(count)
            if count and options.verbose:
                print(f"{count:3d} wrong: {scene.prompt}")
    lines = ["| prompts | n | all codes right | at most 2 wrong |", "|---|---|---|---|"]
    wrong["every"] = [count for counts in wrong.values() for count in counts]
    for name in ("one", "two", "three", "word", "every"):
        if name in wrong:
            counts = np.array(wrong[name])
            lines.append(f"| {name} | {len(counts)} | {100 * np.mean(counts == 0):.0f} % | {100 * np.mean(counts <= 2):.0f} % |")
    return "\n".join(lines)


def load(model: Path, options: argparse.Namespace):
    import torch
    from diffusers import GlmImagePipeline
    pipeline = GlmImagePipeline.from_pretrained(model, torch_dtype=torch.bfloat16)
    if options.dtype == "f32":  # bf16 weights, f32 arithmetic
        pipeline.to(torch.float32)
    pipeline.to(options.device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(model: Path, chosen: list[world.Scene], options: argparse.Namespace) -> list[np.ndarray]:
    """Pictures by diffusers' own pipeline. Prompts whose quoted words have one length share a batch: others would be padded."""
    import torch
    from .dit import prior_ids
    pipeline = load(model, options)
    groups: dict[int, list[int]] = {}
    for index, scene in enumerate(chosen):
        groups.setdefault(len(scene.word.text) if scene.word else 0, []).append(index)
    pictures: dict[int, np.ndarray] = {}
    for group in groups.values():
        for start in range(0, len(group), options.batch):
            part = group[start:start + options.batch]
            prior = {}
            if options.true_codes:
                prior["prior_token_ids"] = torch.from_numpy(np.stack([prior_ids(chosen[i]) for i in part])).to(options.device)
            output = pipeline(
                prompt=[chosen[i].prompt for i in part], height=chosen[part[0]].height * 32, width=chosen[part[0]].width * 32,
                num_inference_steps=options.steps, guidance_scale=options.guidance,
                generator=torch.Generator("cpu").manual_seed(options.seed + part[0]), output_type="np", **(
                    dict(prior, prior_token_image_ids=None, source_image_grid_thw=None) if prior else {})).images
            for i, picture in zip(part, output):
                pictures[i] = np.round(picture * 255).astype(np.uint8)
    return [pictures[i] for i in range(len(chosen))]


def sheet(pictures: list[np.ndarray], columns: int = 8) -> Image.Image:
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    result = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), (255, 0, 255))
    for i, picture in enumerate(pictures):
        result.paste(Image.fromarray(picture), ((i % columns) * (width + 4) + 2, (i // columns) * (height + 4) + 2))
    return result


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="glm_tiny.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pictures", type=Path, help="folder of PNG files to judge")
    parser.add_argument("--prompts", type=Path, help="one prompt a line")
    parser.add_argument("--write-prompts", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--true-codes", action="store_true")
    parser.add_argument("--codes-only", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="name the prompts that went wrong")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--split", choices=("held", "train", "any"), default="held")
    parser.add_argument("--families", default=",".join(FAMILY_SHARES))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the pictures, a contact sheet and the verdicts")
    options = parser.parse_args(arguments)
    chosen = scenes(options.count, options.seed, options.split, tuple(options.families.split(",")))
    prompts = [scene.prompt for scene in chosen]
    if options.write_prompts:
        options.prompts.write_text("\n".join(prompts) + "\n")
        return
    if options.codes_only:
        import torch
        torch.set_num_threads(options.threads)
        print(codes_table(options.model, chosen, options))
        return
    if options.pictures:
        prompts = options.prompts.read_text().splitlines()
        files = sorted(options.pictures.glob("*.png"))
        if len(files) != len(prompts):
            raise SystemExit(f"{len(files)} pictures for {len(prompts)} prompts")
        pictures = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    elif options.self_test:
        pictures = [world.render(scene) for scene in chosen]
    else:
        import torch
        torch.set_num_threads(options.threads)
        pictures = draw(options.model, chosen, options)
    text, verdicts = table(prompts, pictures)
    print(text)
    if options.verbose:
        for verdict in verdicts:
            if not verdict["all"]:
                print(verdict["prompt"], "-", ", ".join(name for name in COLUMNS if not verdict[name]))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(options.out / f"{i:04d}.png")
        (options.out / "prompts.txt").write_text("\n".join(prompts) + "\n")
        (options.out / "verdicts.json").write_text(json.dumps(verdicts, indent=1, default=bool) + "\n")
        sheet(pictures).save(options.out / "sheet.png")


if __name__ == "__main__":
    main()
