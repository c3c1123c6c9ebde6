"""Writes a reference file: the inputs and outputs of every part of a model, computed by transformers and diffusers in float32.

    make_reference.py MODEL_DIR OUT.safetensors --task text-to-image --prompt 'A sign that says "Open"' --height 96 --width 160 --steps 4
    make_reference.py MODEL_DIR OUT.safetensors --task visual-question --prompt 'What is it?' --image A.png [--thinking on|off]
    make_reference.py MODEL_DIR OUT.safetensors --task visual-question --messages CONVERSATION.json --image A.png B.png

Names, dtypes and shapes are the format `glm-reference/1`. Weights stored as bf16 or f16 are widened, so the file says what these very weights
mean. Token choice is plain argmax: a sampler is a matter of taste, the logits are not.
"""

import argparse
import json
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import GlmImagePipeline
from diffusers.models.transformers.transformer_glm_image import GlmImageKVCache
from diffusers.pipelines.glm_image.pipeline_glm_image import retrieve_latents
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image, ImageOps

import question_reference
from stored import save_file


def load(folder):
    """The whole pipeline in float32, quiet."""
    transformers.logging.set_verbosity_error()
    diffusers.logging.set_verbosity_error()
    pipe = GlmImagePipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    for name in ("vision_language_encoder", "text_encoder", "transformer", "vae"):
        part = getattr(pipe, name).float().eval()
        assert all(p.dtype == torch.float32 for p in part.parameters()), name
    return pipe


def open_rgb(path):
    """A source picture as RGB: EXIF orientation applied, alpha over white."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def processor_inputs(pipe, prompt, height, width, images):
    """What the pipeline hands to its AR model."""
    content = [{"type": "image", "image": image} for image in images] + [{"type": "text", "text": prompt}]
    return pipe.processor.apply_chat_template([[{"role": "user", "content": content}]], tokenize=True, padding=False, target_h=height,
                                              target_w=width, return_dict=True, return_tensors="pt")


def vision(pipe, inputs, sources):
    """Features of all source patches, and the codes of each source image.

    `get_image_tokens` wants a list of maps, one for each image; the pipeline joins them and breaks. This is the detour.
    """
    grids = inputs["image_grid_thw"][:sources]
    output = pipe.vision_language_encoder.get_image_features(inputs["pixel_values"], grids)
    codes = [pipe.vision_language_encoder.get_image_tokens([features]) for features in output.pooler_output]
    return output.last_hidden_state, codes, grids


def greedy(pipe, inputs, codes):
    """Positions, prompt logits and the argmax continuation, one token at a time with the KV cache.

    The model itself gives each step its position in the grids. There is one position for each grid token and one for the end token.
    """
    ar = pipe.vision_language_encoder
    ids = inputs["input_ids"].clone()
    if codes:
        ids[ids == ar.config.image_token_id] = torch.cat(codes)
    grids = inputs["image_grid_thw"]
    ar.model.rope_deltas = None
    positions, _ = ar.model.get_rope_index(ids, image_grid_thw=grids)
    first = ar(input_ids=ids, image_grid_thw=grids, use_cache=True)
    count = int(grids[len(codes):].prod(-1).sum()) + 1
    assert ar.model._cached_decode_position_ids.shape[-1] == count
    cache, token, margins, chosen = first.past_key_values, first.logits[0, -1], [], []
    for _ in range(count):
        top = token.topk(2).values
        margins.append(float(top[0] - top[1]))
        chosen.append(int(token.argmax()))
        if len(chosen) < count:
            step = ar(input_ids=torch.tensor([[chosen[-1]]]), past_key_values=cache, use_cache=True)
            token = step.logits[0, -1]
    return positions[:, 0], first.logits[0], torch.tensor(chosen), margins


def glyph(pipe, prompt):
    """The text encoder's ids and mask, caught on their way in, and the embeddings the pipeline makes of its answer."""
    caught, original = {}, pipe.text_encoder.forward

    def catch(input_ids, attention_mask):
        caught.update(ids=input_ids, mask=attention_mask)
        return original(input_ids, attention_mask=attention_mask)

    pipe.text_encoder.forward = catch
    try:
        embeddings = pipe._get_glyph_embeds(prompt, 2048, "cpu", torch.float32)
    finally:
        del pipe.text_encoder.forward
    return caught["ids"], caught["mask"], embeddings


def target_codes(pipe, inputs, greedy_ids, sources, seed):
    """The target grid's codes, upsampled: the greedy ids where all are codes, else a seeded draw (a random model also picks start or end)."""
    _, offset, h, w = pipe._compute_generation_params(inputs["image_grid_thw"], sources == 0)
    codebook = pipe.transformer.config.prior_vq_quantizer_codebook_size
    ids, origin = greedy_ids[offset:offset + h * w], "greedy"
    if int(ids.max()) >= codebook:
        ids, origin = torch.randint(0, codebook, (h * w,), generator=torch.Generator("cpu").manual_seed(seed)), "random"
    return pipe._upsample_token_ids(ids, h, w), origin


def condition(pipe, images):
    """VAE mode of each source image, normalised, as the pipeline's step 6 makes it."""
    config, latents = pipe.vae.config, []
    mean = torch.tensor(config.latents_mean).view(1, -1, 1, 1)
    std = torch.tensor(config.latents_std).view(1, -1, 1, 1)
    for image in images:
        pixels = pipe.image_processor.preprocess(image, height=image.height, width=image.width)
        latents.append((retrieve_latents(pipe.vae.encode(pixels), sample_mode="argmax") - mean) / std)
    return latents


def velocities(pipe, latents, prior, glyphs, height, width, timestep, conditions):
    """The transformer's two answers at step 0. `conditions`: (latents, codes, height, width) of each source image."""
    nothing = pipe._get_glyph_embeds("", 2048, "cpu", torch.float32)
    cache = GlmImageKVCache(num_layers=pipe.transformer.config.num_layers)
    crop = torch.zeros(1, 2)

    def ask(hidden, text, codes, drop, t, size):
        return pipe.transformer(hidden_states=hidden, encoder_hidden_states=text, prior_token_id=codes,
                                prior_token_drop=torch.full_like(codes, drop, dtype=torch.bool), timestep=t.view(1),
                                target_size=torch.tensor([size], dtype=torch.float32), crop_coords=crop, return_dict=False, kv_caches=cache)[0]

    cache.set_mode("write")
    for hidden, codes, h, w in conditions:
        ask(hidden, glyphs[:, :0], codes, False, torch.zeros(1), (h, w))
    cache.set_mode("read" if conditions else None)
    cond = ask(latents, glyphs, prior, False, timestep - 1, (height, width))
    cache.set_mode("skip" if conditions else None)
    return cond, ask(latents, nothing, prior, True, timestep - 1, (height, width))


def run_pipeline(pipe, record, **arguments):
    """The real call, with the last latents and the decoder's answer caught on the way."""
    decode, caught = pipe.vae.decode, {}

    def catch(latents, **options):
        caught["decoded"] = decode(latents, **options)
        return caught["decoded"]

    def keep(_, step, __, values):
        caught["latents"] = values["latents"]
        return {}

    pipe.vae.decode = catch
    try:
        picture = pipe(callback_on_step_end=keep, output_type="pil", **arguments).images[0]
    finally:
        del pipe.vae.decode
    record["diffusion.final_latents"] = caught["latents"]
    record["vae.image"] = caught["decoded"][0]
    record["pipeline.image"] = torch.from_numpy(np.asarray(picture).copy())


@torch.no_grad()
def reference(pipe, prompt, height, width, steps, guidance, seed, images=()):
    """The tensors, the metadata, and figures for a person to look at."""
    record, images = {}, list(images)
    inputs = processor_inputs(pipe, prompt, height, width, images)
    record["processor.image_grid_thw"] = inputs["image_grid_thw"]
    record["processor.input_ids"] = inputs["input_ids"][0]
    codes, source_grids = [], None
    for image, grid in zip(images, inputs["image_grid_thw"].tolist()):
        if (image.height, image.width) != (32 * grid[1], 32 * grid[2]):
            raise SystemExit(f"source picture of {image.height}×{image.width}: the processor makes {grid[1]}×{grid[2]} tokens of it, the VAE's latents do "
                             "not fit them. Give sides that are multiples of 32 within the processor's limits.")
    if images:
        for n, image in enumerate(images):
            record[f"processor.image.{n}"] = torch.from_numpy(np.asarray(image).copy())
        record["processor.pixel_values"] = inputs["pixel_values"]
        record["vision.features"], codes, source_grids = vision(pipe, inputs, len(images))
        record["vision.token_ids"] = torch.cat(codes)
    record["text.position_ids"], record["text.logits"], record["text.greedy_ids"], margins = greedy(pipe, inputs, codes)
    record["glyph.input_ids"], record["glyph.attention_mask"], record["glyph.embeddings"] = glyph(pipe, prompt)

    shape = (1, pipe.transformer.config.in_channels, height // pipe.vae_scale_factor, width // pipe.vae_scale_factor)
    latents = randn_tensor(shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=torch.float32)
    prior, origin = target_codes(pipe, inputs, record["text.greedy_ids"], len(images), seed)
    record["diffusion.initial_latents"] = latents
    record["diffusion.prior_token_ids"] = prior[0]

    arguments, conditions = {}, []
    if images:
        upsampled = [pipe._upsample_token_ids(c, int(g[1]), int(g[2]))[0] for c, g in zip(codes, source_grids)]
        for n, (hidden, ids, image) in enumerate(zip(condition(pipe, images), upsampled, images)):
            record[f"diffusion.condition.{n}.latents"] = hidden
            record[f"diffusion.condition.{n}.prior_token_ids"] = ids
            conditions.append((hidden, ids, image.height, image.width))
        arguments = {"image": images, "prior_token_image_ids": [torch.cat(upsampled)],
                     "source_image_grid_thw": [source_grids * torch.tensor([1, 2, 2])]}
    run_pipeline(pipe, record, prompt=prompt, height=height, width=width, num_inference_steps=steps, guidance_scale=guidance,
                 latents=latents.clone(), prior_token_ids=prior, **arguments)
    record["diffusion.timesteps"] = pipe.scheduler.timesteps.float()
    record["diffusion.sigmas"] = pipe.scheduler.sigmas.float()
    record["diffusion.velocity_cond"], record["diffusion.velocity_uncond"] = velocities(
        pipe, latents, prior, record["glyph.embeddings"], height, width, pipe.scheduler.timesteps[0], conditions)

    metadata = {"format": "glm-reference/1",
                "source": f"torch {torch.__version__}, transformers {transformers.__version__}, diffusers {diffusers.__version__}",
                "task": "image-to-image" if images else "text-to-image", "prompt": prompt, "height": str(height), "width": str(width),
                "steps": str(steps), "guidance_scale": repr(guidance), "seed": str(seed), "prior_token_ids": origin}
    return {name: tensor.contiguous() for name, tensor in record.items()}, metadata, margins


def describe(record, metadata, margins):
    """Figures that show whether a random checkpoint is worth testing with."""
    lines = [f"{name:40} {str(t.dtype)[6:]:8} {str(list(t.shape)):22} " +
             (f"mean {t.mean():9.4f} std {t.std():9.4f} max {t.abs().max():9.4f}" if t.is_floating_point() else
              f"distinct {t.unique().numel()} of {t.numel()}, {int(t.min())}…{int(t.max())}") for name, t in record.items()]
    small = sum(m < 1e-3 for m in margins)
    outside = (record["vae.image"].abs() > 1).float().mean()
    return "\n".join(lines + [f"greedy margins: median {np.median(margins):.3g}, {small} of {len(margins)} below 1e-3; "
                              f"prior {metadata['prior_token_ids']}; {outside:.1%} of the decoder's values outside [-1, 1]"])


def question(options):
    """Answers a conversation, or one question about all images."""
    if options.messages:
        messages = json.loads(Path(options.messages).read_text(encoding="utf-8"))
    else:
        messages = [{"role": "user", "content": [{"type": "image"} for _ in options.image] + [{"type": "text", "text": options.prompt}]}]
    thinking = None if options.thinking is None else options.thinking == "on"
    record, metadata, margins = question_reference.reference(
        question_reference.load(options.model), messages, [open_rgb(path) for path in options.image], thinking, options.tokens,
        options.tokens // 3)
    save_file(record, options.out, metadata=metadata)
    print(question_reference.describe(record, margins))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--task", choices=("text-to-image", "image-to-image", "visual-question"), default="text-to-image")
    parser.add_argument("--prompt")
    parser.add_argument("--messages", help="visual-question: a file with a list of {role, content}, content a string or a list of "
                                           "{type: text, text} and {type: image}")
    parser.add_argument("--thinking", choices=("on", "off"), help="visual-question: default: the template is not told")
    parser.add_argument("--tokens", type=int, default=24, help="visual-question: tokens to generate")
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance-scale", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--image", nargs="*", default=[], help="source images; of an edit their sides are multiples of 32 within the processor's limits")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.task != "visual-question" and (options.task == "image-to-image") != bool(options.image):
        parser.error("image-to-image needs --image, text-to-image takes none")
    if (options.prompt is None) == (options.messages is None) or (options.messages and options.task != "visual-question"):
        parser.error("either --prompt, or --messages with visual-question")

    torch.set_num_threads(options.threads)
    if options.task == "visual-question":
        return question(options)
    record, metadata, margins = reference(load(options.model), options.prompt, options.height, options.width, options.steps,
                                          options.guidance_scale, options.seed, [open_rgb(path) for path in options.image])
    save_file(record, options.out, metadata=metadata)
    print(describe(record, metadata, margins))


if __name__ == "__main__":
    main()
