"""Puts the parts' weights into one folder in the layout of zai-org/GLM-Image, in bf16.

A part that has no state yet goes in with the weights it would start from, so the folder loads at any time.
"""
from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch

from . import ar as ar_stage, common, config, dit as dit_stage, vae as vae_stage, vq as vq_stage
from .tokenizer import build_processor


def _weights(work: Path, name: str, fresh: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if (work / name / "state.pt").exists():
        return common.smoothed(work, name)
    print(f"export: {name} has not been trained")
    return fresh


def build_pipeline(work: Path, dtype: torch.dtype):
    from diffusers import FlowMatchEulerDiscreteScheduler, GlmImagePipeline
    from transformers import ByT5Tokenizer, GenerationConfig, GlmImageForConditionalGeneration
    processor = build_processor()
    settings = config.ar_config(processor.tokenizer)
    model = GlmImageForConditionalGeneration(settings).eval()
    text, reader = ar_stage.TextModel(processor.tokenizer), vq_stage.Reader()
    text.load_state_dict(_weights(work, "ar", text.state_dict()))
    reader.load_state_dict(_weights(work, "vq", reader.state_dict()))
    model.model.language_model.load_state_dict(text.language_model.state_dict())
    model.lm_head.load_state_dict(text.lm_head.state_dict())
    model.model.visual.load_state_dict(reader.visual.state_dict())
    model.model.vqmodel.load_state_dict(reader.vqmodel.state_dict())
    model.generation_config = GenerationConfig(
        **config.GENERATION, eos_token_id=config.IMAGE_END, pad_token_id=settings.text_config.pad_token_id)

    painter = dit_stage.Painter()
    painter.load_state_dict(_weights(work, "dit", painter.state_dict()))
    vae = vae_stage.build()
    if (work / "vae" / "state.pt").exists():
        vae.load_state_dict(vae_stage.weights(work))
    vae.eval()
    vae_stage.measure_latents(vae, torch.device("cpu"))
    return GlmImagePipeline(
        tokenizer=ByT5Tokenizer(), processor=processor, text_encoder=painter.text_encoder.eval().to(dtype),
        vision_language_encoder=model.to(dtype), vae=vae.to(dtype), transformer=painter.transformer.eval().to(dtype),
        scheduler=FlowMatchEulerDiscreteScheduler(**config.SCHEDULER))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="glm_tiny.export")
    parser.add_argument("folder", type=Path, help="where the checkpoint goes; replaced if it exists")
    parser.add_argument("--work", type=Path, default=common.WORK)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    pipeline = build_pipeline(options.work, torch.bfloat16)
    if (options.folder / "model_index.json").exists():  # never remove a folder that is not a checkpoint
        shutil.rmtree(options.folder)
    pipeline.save_pretrained(options.folder)
    for path in options.folder.rglob("*.safetensors"):
        path.chmod(0o644)
    for path in options.folder.rglob("*.json"):  # paths of the machine that made it are nobody's business
        content = json.loads(path.read_text())
        if isinstance(content, dict) and content.pop("_name_or_path", None) is not None:
            path.write_text(json.dumps(content, indent=2) + "\n")
    sizes = {path: path.stat().st_size for path in options.folder.rglob("*") if path.is_file()}
    for part in sorted({path.relative_to(options.folder).parts[0] for path in sizes}):
        print(f"{part:28s} {sum(size for path, size in sizes.items() if path.relative_to(options.folder).parts[0] == part) / 1e6:7.3f} MB")
    print(f"{'all':28s} {sum(sizes.values()) / 1e6:7.3f} MB")


if __name__ == "__main__":
    main()
