"""The opposite of export: a work folder whose trainers go on from the weights of a checkpoint folder.

For a machine that does not have the states of the last run. Optimisers start anew, the learning rate rises again;
annealed weights want a lower rate than the first run's (--rate 7e-4 did well).
"""
from __future__ import annotations

import argparse
from pathlib import Path

import torch

from . import ar as ar_stage, common, dit as dit_stage, vae as vae_stage, vq as vq_stage
from .tokenizer import build_tokenizer


def main(arguments: list[str] | None = None) -> None:
    from diffusers import GlmImagePipeline
    parser = argparse.ArgumentParser(prog="glm_tiny.restore")
    parser.add_argument("folder", type=Path, help="a checkpoint made by export")
    parser.add_argument("--work", type=Path, default=common.WORK)
    options = parser.parse_args(arguments)
    pipeline = GlmImagePipeline.from_pretrained(options.folder, torch_dtype=torch.float32)
    model = pipeline.vision_language_encoder
    text, reader, painter, vae = ar_stage.TextModel(build_tokenizer()), vq_stage.Reader(), dit_stage.Painter(), vae_stage.build()
    text.language_model.load_state_dict(model.model.language_model.state_dict())
    text.lm_head.load_state_dict(model.lm_head.state_dict())
    reader.visual.load_state_dict(model.model.visual.state_dict())
    reader.vqmodel.load_state_dict(model.model.vqmodel.state_dict())
    painter.transformer.load_state_dict(pipeline.transformer.state_dict())
    painter.text_encoder.load_state_dict(pipeline.text_encoder.state_dict())
    vae.load_state_dict(pipeline.vae.state_dict())
    for name, part in (("ar", text), ("vq", reader), ("dit", painter), ("vae", vae)):
        path = options.work / name / "state.pt"
        if path.exists():
            print(f"restore: {path} is there already, left as it is")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        weights = part.state_dict()
        torch.save(dict(model=weights, ema=weights, optimisers=[], step=0, cpu_seconds=0.0), path)


if __name__ == "__main__":
    main()
