"""Puts tower and language model into one flat folder in the layout of GLM-4.1V's checkpoints, in bf16.

A part that has no state yet goes in with the weights it would start from, so the folder loads at any time.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from . import common, vqa_text, vqa_tower
from .export import _weights
from .vqa_tokenizer import build_image_processor, build_tokenizer, model_config


def build_model(work: Path, dtype: torch.dtype):
    """(Glm4vForConditionalGeneration, tokenizer)"""
    from transformers import GenerationConfig, Glm4vForConditionalGeneration
    tokenizer = build_tokenizer()
    settings = model_config(tokenizer)
    model = Glm4vForConditionalGeneration(settings).eval()
    text, tower = vqa_text.TextModel(tokenizer), vqa_tower.Tower()
    text.load_state_dict(_weights(work, "vqa_text", text.state_dict()))
    tower.load_state_dict(_weights(work, "vqa_tower", tower.state_dict()))
    model.model.language_model.load_state_dict(text.language_model.state_dict())
    model.lm_head.load_state_dict(text.lm_head.state_dict())
    model.model.visual.load_state_dict(tower.visual.state_dict())
    # In this world a question has one answer, so nothing is drawn by chance.
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=settings.text_config.eos_token_id, pad_token_id=settings.text_config.pad_token_id)
    return model.to(dtype), tokenizer


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="glm_tiny.vqa_export")
    parser.add_argument("folder", type=Path, help="where the checkpoint goes; files of the same names are replaced")
    parser.add_argument("--work", type=Path, default=common.WORK)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    model, tokenizer = build_model(options.work, torch.bfloat16)
    options.folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(options.folder)
    tokenizer.save_pretrained(options.folder)
    build_image_processor().save_pretrained(options.folder)
    for path in options.folder.glob("*.json"):  # paths of the machine that made it are nobody's business
        content = json.loads(path.read_text())
        dropped = content.pop("_name_or_path", None)
        if path.name == "preprocessor_config.json":
            content["image_processor_type"] = "Glm4vImageProcessor"  # with or without torchvision
        if dropped is not None or path.name == "preprocessor_config.json":
            path.write_text(json.dumps(content, indent=2) + "\n")
    for path in options.folder.iterdir():
        path.chmod(0o644)
        print(f"{path.name:28s} {path.stat().st_size / 1e6:7.3f} MB")


if __name__ == "__main__":
    main()
