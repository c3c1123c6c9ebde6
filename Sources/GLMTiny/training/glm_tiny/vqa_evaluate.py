"""How often questions about pictures are answered rightly, by rule: a table over held-out questions about held-out pictures.

    vqa_evaluate FOLDER --write                        the pictures (PNG) and questions.jsonl
    vqa_evaluate FOLDER --write --glm .build/release/glm    the same, of pictures drawn by this repository's system
    vqa_evaluate FOLDER --model DIR                    let transformers answer them: answers.jsonl
    vqa_evaluate FOLDER [--answers FILE]               judge answers that anything gave, and print the table

A line of questions.jsonl has id, picture, question, type, language and accepted; a line of answers.jsonl has id and answer. An answer
is right if it equals an accepted one but for spaces at its ends, capitals, and a full stop at the end.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
from PIL import Image

from . import check, questions, sight, vqa_tower, world

# Dealt in turn, so 300 questions are ten of each line.
TYPES = ("count", "count", "count kind", "count kind", "count colour", "count colour", "colour", "colour", "colour", "shape", "beside", "beside", "beside",
         "is beside", "is beside", "is beside", "is there", "is there", "is there", "is", "where", "at", "size", "background", "word", "word", "word",
         "describe", "describe", "describe")
GROUPS = {"counts": ("count", "count kind", "count colour"), "colours": ("colour", "background", "colours"), "shapes": ("shape", "list"),
          "presence": ("is there", "is"), "relations": ("beside", "is beside"), "places": ("where", "at"), "sizes": ("size",), "words": ("word",),
          "descriptions": ("describe",)}


def cases(count: int, seed: int, split: str, drawn: bool) -> list[tuple[world.Scene, questions.Question]]:
    """Scenes of the split with one question each; drawn ones are what a prompt can ask for."""
    rng, made = np.random.default_rng([seed, int(drawn)]), []
    while len(made) < count:
        type = TYPES[len(made) % len(TYPES)]
        grid = world.sample_grid(rng) if not drawn else (8, 8)
        scene = world.sample(rng, "word" if type == "word" else None, split, grid) if drawn or type == "word" else vqa_tower.sample(rng, grid, split)
        language = "zh" if rng.random() < 0.3 else "en"
        if asked := questions.ask(rng, scene, type, language):
            made.append((scene, asked))
    return made


def write(folder: Path, options: argparse.Namespace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines, skipped = [], 0
    for scene, asked in cases(options.count, options.seed, options.split, options.glm is not None):
        name = f"{len(lines):04d}"
        if options.glm:
            subprocess.run([str(options.glm), "generate", scene.prompt, "-o", str(folder / f"{name}.png"), "--seed", name, "--steps", str(options.steps)]
                           + (["--gateway", options.gateway] if options.gateway else []), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # What is not what the prompt says cannot be asked about by the prompt.
            if not check.judge(scene.prompt, np.asarray(Image.open(folder / f"{name}.png").convert("RGB")))["all"]:
                skipped += 1
                (folder / f"{name}.png").unlink()
                continue
        else:
            Image.fromarray(world.render(scene)).save(folder / f"{name}.png")
        lines.append(dict(id=name, picture=f"{name}.png", question=asked.text, type=asked.type, language=asked.language, accepted=[asked.answer],
                          scene=questions.described(scene, "en"), shapes=len(sight.things(scene))))
    (folder / "questions.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    print(f"{len(lines)} questions" + (f", {skipped} pictures left out that are not what their prompt says" if options.glm else ""))


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


class Reader:
    """Answers by transformers, as its own processor would ask: Glm4vProcessor itself needs a video processor, and that torchvision."""

    def __init__(self, folder: Path, dtype: str = "f32"):
        import torch
        from transformers import AutoTokenizer, Glm4vForConditionalGeneration
        from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil
        self.torch = torch
        self.tokenizer, self.images = AutoTokenizer.from_pretrained(folder), Glm4vImageProcessorPil.from_pretrained(folder)
        self.model = Glm4vForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16 if dtype == "bf16" else torch.float32).eval()

    def answer(self, messages: list[dict], pictures: list[Image.Image], thinking: bool, limit: int = 120) -> str:
        """The text behind the prompt, special tokens left out."""
        torch = self.torch
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, enable_thinking=thinking)
        more = {}
        if pictures:
            seen = self.images(images=pictures, return_tensors="pt")
            more = dict(pixel_values=seen["pixel_values"].to(self.model.dtype), image_grid_thw=seen["image_grid_thw"])
            for grid in seen["image_grid_thw"]:
                text = text.replace("<|image|>", "<|picture|>" * int(grid.prod() // self.images.merge_size ** 2), 1)
            text = text.replace("<|picture|>", "<|image|>")
        ids = torch.tensor([self.tokenizer.encode(text, add_special_tokens=False)])
        kinds = (ids == self.model.config.image_token_id).int()
        with torch.no_grad():
            output = self.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=kinds, max_new_tokens=limit, **more)
        return self.tokenizer.decode(output[0, ids.shape[1]:], skip_special_tokens=True)


def answer(folder: Path, options: argparse.Namespace) -> None:
    import torch
    torch.set_num_threads(options.threads)
    reader, begin, lines = Reader(options.model, options.dtype), time.monotonic(), []
    asked = read(folder / "questions.jsonl")
    for line in asked:
        content = [{"type": "image"}, {"type": "text", "text": line["question"]}]
        if options.text_first:
            content.reverse()
        said = reader.answer([{"role": "user", "content": content}], [Image.open(folder / line["picture"]).convert("RGB")], options.thinking)
        lines.append({"id": line["id"], "answer": said.split("</think>")[-1].strip(), "raw": said})
    (options.answers or folder / "answers.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    print(f"{len(lines)} answers in {time.monotonic() - begin:.0f} s")
    if options.thinking:
        whole = sum(line["raw"].startswith("<think>") and line["raw"].count("</think>") == 1 for line in lines)
        print(f"{whole} thoughts well formed")


def judge(folder: Path, options: argparse.Namespace) -> None:
    asked = read(folder / "questions.jsonl")
    given = {line["id"]: line["answer"] for line in read(options.answers or folder / "answers.jsonl")}
    verdicts = [(line, questions.right(given.get(line["id"], ""), line["accepted"])) for line in asked]
    print("| questions | n | right |\n|---|---|---|")

    def show(name: str, chosen: list[bool]) -> None:
        if chosen:
            print(f"| {name} | {len(chosen)} | {100 * np.mean(chosen):.0f} % |")

    for group, types in GROUPS.items():
        show(group, [right for line, right in verdicts if line["type"] in types])
        if options.verbose and len(types) > 1:
            for type in types:
                show(f"— {type}", [right for line, right in verdicts if line["type"] == type])
    show("English", [right for line, right in verdicts if line["language"] == "en"])
    show("Chinese", [right for line, right in verdicts if line["language"] == "zh"])
    show("every", [right for _, right in verdicts])
    if options.verbose:
        for line, right in verdicts:
            if not right:
                print(f"{line['id']} {line['question']} - {given.get(line['id'])!r} for {line['accepted'][0]!r}: {line.get('scene')}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="glm_tiny.vqa_evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--glm", type=Path, help="draw the pictures with this program, and leave out those that are not what their prompt says")
    parser.add_argument("--gateway", help="where `glm` finds its gateway")
    parser.add_argument("--steps", type=int, default=20, help="of drawing")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--split", choices=("held", "train", "any"), default="held")
    parser.add_argument("--model", type=Path, help="a checkpoint's folder, for answers by transformers")
    parser.add_argument("--thinking", action="store_true")
    parser.add_argument("--text-first", action="store_true", help="the question before its picture")
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="f32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--verbose", action="store_true", help="every type, and the questions that were answered wrongly")
    options = parser.parse_args(arguments)
    if options.write:
        return write(options.folder, options)
    if options.model:
        answer(options.folder, options)
    judge(options.folder, options)


if __name__ == "__main__":
    main()
