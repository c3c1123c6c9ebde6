"""Times in PyTorch the work that `glm bench` times: the same parts, names and sizes, the same checkpoint.

    bench_torch.py MODEL_DIR [--json] [--threads 2] [--seconds 3] [--side 512] [--dtype f32 bf16]

vision: side/16 × side/16 patches through the tower and the quantiser. prefill: 512 tokens, logits of the last. decode: one token after 512
with the KV cache; decode-4, decode-8, decode-16: one token of as many sequences in a batch. glyph: 128 bytes. denoise: one pass of the transformer, 64 text tokens. vae-decode: one picture. Each is the best of all runs
in its time, and the autoencoder the better of both memory layouts: PyTorch at its best on this machine.

Of a question model: tower: an image of side × side, resized, through tower and merger. first-word: the same, and a prompt of its rows and 16
tokens. prefill and decode as above, over all ids.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, GlmImageTransformer2DModel
from transformers import Glm4vForConditionalGeneration, GlmImageForConditionalGeneration, T5EncoderModel
from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil, smart_resize

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


# A part is timed by a function of the seconds that it may take, which returns the milliseconds of the quickest run.


def best(body, seconds):
    """At least two runs, after one to warm up."""
    body()
    least, runs, start = float("inf"), 0, time.perf_counter()
    while runs < 2 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        body()
        least, runs = min(least, time.perf_counter() - before), runs + 1
    return least * 1000


def autoregressive(folder, dtype, side):
    model = GlmImageForConditionalGeneration.from_pretrained(folder / "vision_language_encoder", dtype=dtype).eval()
    vision, text = model.config.vision_config, model.config.text_config
    n = side // vision.patch_size
    grid = torch.tensor([[1, n, n]])
    patches = torch.randn(n * n, vision.in_channels * vision.patch_size**2, dtype=dtype)
    yield "vision", partial(best, lambda: model.get_image_tokens(model.get_image_features(patches, grid).pooler_output))

    yield from decoding(model, text.vocab_size, text.vision_vocab_size)


def question(folder, dtype, side):
    model = Glm4vForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval()
    processor, vision = Glm4vImageProcessorPil.from_pretrained(folder), model.config.vision_config
    patch, merge, frames = vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size
    height, width = smart_resize(frames, side, side, frames, patch * merge, processor.size["shortest_edge"], processor.size["longest_edge"])
    grid = torch.tensor([[1, height // patch, width // patch]])
    patches = torch.randn(int(grid.prod()), vision.in_channels * frames * patch**2, dtype=dtype)
    yield "tower", partial(best, lambda: model.model.visual(patches, grid_thw=grid))

    cells = len(patches) // merge**2
    ids = torch.cat([torch.full((cells,), model.config.image_token_id), torch.arange(16) * 31 % model.config.text_config.vocab_size]).view(1, -1)
    kinds = torch.tensor([[1] * cells + [0] * 16])
    yield "first-word", partial(best, lambda: model(input_ids=ids, pixel_values=patches, image_grid_thw=grid, mm_token_type_ids=kinds, use_cache=True,
                                                    logits_to_keep=1))
    yield from decoding(model, model.config.text_config.vocab_size, model.config.text_config.vocab_size)


def decoding(model, vocabulary, output):
    """A prefill of 512 tokens, and a step of one and of several sequences behind it."""
    prompt = (torch.arange(512) * 31 % vocabulary).view(1, -1)
    positions = torch.arange(512 + 48).view(1, 1, -1).expand(3, 1, -1)
    yield "prefill", partial(best, lambda: model(input_ids=prompt, position_ids=positions[..., :512], use_cache=True, logits_to_keep=1))

    for size in (1, 4, 8, 16):
        yield "decode" if size == 1 else f"decode-{size}", partial(decode, model, prompt.expand(size, -1), positions.expand(3, size, -1), output)


def decode(model, prompts, positions, output, seconds):
    """A step of 48 after the prompts, `[sequences, 512]`; positions are `[3, sequences, 512 + 48]`."""
    cache, least = None, float("inf")
    start = time.perf_counter()
    while cache is None or time.perf_counter() - start < seconds:
        cache = model(input_ids=prompts, position_ids=positions[..., :512], use_cache=True, logits_to_keep=1).past_key_values
        for i in range(48):
            tokens = torch.full((len(prompts), 1), i % output)
            before = time.perf_counter()
            model(input_ids=tokens, position_ids=positions[..., 512 + i:513 + i], past_key_values=cache, use_cache=True)
            least = min(least, time.perf_counter() - before)
    return least * 1000


def glyph(folder, dtype, side):
    model = T5EncoderModel.from_pretrained(folder / "text_encoder", dtype=dtype).eval()
    ids = torch.tensor([[100] * 127 + [1]])
    mask = torch.ones_like(ids)
    yield "glyph", partial(best, lambda: model(ids, attention_mask=mask))


def denoise(folder, dtype, side):
    model = GlmImageTransformer2DModel.from_pretrained(folder / "transformer", torch_dtype=dtype).eval()
    latents = torch.randn(1, model.config.in_channels, side // 8, side // 8, dtype=dtype)
    codes = (torch.arange((side // 16) ** 2) % model.config.prior_vq_quantizer_codebook_size).view(1, -1)
    text = torch.randn(1, 64, model.config.text_embed_dim, dtype=dtype)
    size, crop, keep = torch.tensor([[side, side]], dtype=dtype), torch.zeros(1, 2, dtype=dtype), torch.zeros_like(codes, dtype=torch.bool)
    yield "denoise", partial(best, lambda: model(latents, text, codes, keep, torch.tensor([500.0]), size, crop))


def decode_picture(folder, dtype, side):
    model = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=dtype).eval()
    factor = 2 ** (len(model.config.block_out_channels) - 1)
    latents = torch.randn(1, model.config.latent_channels, side // factor, side // factor, dtype=dtype)
    last = torch.channels_last
    other = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=dtype).eval().to(memory_format=last)
    yield "vae-decode", lambda seconds: min(
        best(lambda: model.decode(latents), seconds), best(lambda: other.decode(latents.to(memory_format=last)), seconds))


def parts(folder, dtype, side, threads):
    """(name, timer) of each part, one model after another. Gradients are off until the last, also where the caller times them."""
    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    diffusers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    answers = not (folder / "model_index.json").exists()
    with torch.inference_mode():
        for models in (question,) if answers else (autoregressive, glyph, denoise, decode_picture):
            yield from models(folder, DTYPES[dtype], side)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3, help="spent on each part")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--dtype", nargs="*", choices=DTYPES, default=list(DTYPES))
    options = parser.parse_args()

    table = {}
    for dtype in options.dtype:
        for name, timer in parts(options.model, dtype, options.side, options.threads):
            table.setdefault(name, {})[f"{dtype}_ms"] = round(timer(options.seconds), 2)
    if options.json:
        print(json.dumps(table, indent=2))
        return
    print(f"torch {torch.__version__}, {options.threads} threads, {options.side}×{options.side}")
    for name, row in table.items():
        print(f"{name:12}" + "".join(f"{key[:-3]:>6} {value:9.2f} ms" for key, value in row.items()))


if __name__ == "__main__":
    main()
