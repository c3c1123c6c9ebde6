"""Makes Tests/Fixtures anew: random checkpoints, their reference files, and the text, picture and noise cases.

    make_fixtures.py [--only NAME …] [--into DIR]

Everything is seeded: the same library versions give the same bytes, so a changed file in `git diff` means that the reference changed.
"""

import argparse
import os
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
from PIL import Image

import checkpoints
import image_cases
import make_reference
import question_checkpoints
import question_reference
import randn_cases
import text_cases
from stored import save_file

FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures"

# What each checkpoint is for stands in Fixtures/README.md. Sizes are odd on purpose.
CHECKPOINTS = {
    "tiny-f32": {
        "seed": 113, "codes": 64, "code_dim": 40, "min_pixels": 4096, "max_pixels": 262144,
        "dtype": {"ar": "f32", "t5": "f32", "dit": "f32", "vae": "f32"}, "t5_stores_twice": True, "end_gain": 0.3,
        # attention_bias is absent: the default is true
        "text": {"hidden_size": 96, "intermediate_size": 52, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                 "rope_parameters": {"rope_theta": 100, "rope_type": "default", "mrope_section": [1, 2, 3], "partial_rotary_factor": 0.5}},
        "vision": {"hidden_size": 48, "intermediate_size": 100, "depth": 2, "num_heads": 2, "image_size": 96, "attention_bias": True},
        "t5": {"d_model": 48, "d_kv": 12, "num_heads": 5, "d_ff": 84, "num_layers": 2, "relative_attention_num_buckets": 32,
               "relative_attention_max_distance": 128},
        "dit": {"attention_head_dim": 28, "num_attention_heads": 2, "num_layers": 2, "time_embed_dim": 28, "condition_dim": 12},
        "vae": {"block_out_channels": [8, 12, 16, 16], "layers_per_block": 1, "norm_num_groups": 4, "mid_block_add_attention": True,
                "use_quant_conv": True, "use_post_quant_conv": True},
    },
    "tiny-bf16-sharded": {
        "seed": 220, "codes": 96, "code_dim": 32, "min_pixels": 4096, "max_pixels": 65536, "pairs_as_lists": False,
        "dtype": {"ar": "bf16", "t5": "bf16", "dit": "bf16", "vae": "bf16"}, "ar_shards": 3, "dit_shards": 2, "end_gain": 0.3,
        "text": {"hidden_size": 128, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1,
                 "attention_bias": True,
                 "rope_parameters": {"rope_theta": 10000, "rope_type": "default", "mrope_section": [1, 4, 3], "partial_rotary_factor": 0.5}},
        "vision": {"hidden_size": 64, "intermediate_size": 96, "depth": 2, "num_heads": 2, "image_size": 192, "attention_bias": True},
        "t5": {"d_model": 64, "d_kv": 16, "num_heads": 4, "d_ff": 96, "num_layers": 2, "relative_attention_num_buckets": 16,
               "relative_attention_max_distance": 64},
        "dit": {"attention_head_dim": 32, "num_attention_heads": 2, "num_layers": 2, "time_embed_dim": 32, "condition_dim": 16},
        "vae": {"block_out_channels": [8, 16, 16, 24], "layers_per_block": 2, "norm_num_groups": 4, "mid_block_add_attention": False,
                "use_quant_conv": False, "use_post_quant_conv": False},
    },
    "tiny-mixed": {
        "seed": 301, "codes": 100, "code_dim": 21, "min_pixels": 4096, "max_pixels": 65536,
        "dtype": {"ar": "f16", "t5": "f32", "dit": "f16", "vae": "bf16"}, "dit_shards": 3,
        "text": {"hidden_size": 76, "head_dim": 40, "intermediate_size": 90, "num_hidden_layers": 2, "num_attention_heads": 6,
                 "num_key_value_heads": 2, "attention_bias": False,
                 "rope_parameters": {"rope_theta": 500, "rope_type": "default", "mrope_section": [2, 5, 3], "partial_rotary_factor": 0.5}},
        "vision": {"hidden_size": 60, "intermediate_size": 90, "depth": 2, "num_heads": 3, "image_size": 48, "attention_bias": False},
        "t5": {"d_model": 50, "d_kv": 9, "num_heads": 3, "d_ff": 70, "num_layers": 2, "relative_attention_num_buckets": 20,
               "relative_attention_max_distance": 50},
        "dit": {"attention_head_dim": 40, "num_attention_heads": 2, "num_layers": 2, "time_embed_dim": 22, "condition_dim": 10, "in_channels": 8,
                "out_channels": 8},
        "vae": {"block_out_channels": [8, 12, 16, 16], "layers_per_block": 1, "norm_num_groups": 2, "mid_block_add_attention": True,
                "use_quant_conv": False, "use_post_quant_conv": True},
    },
}

# reference name -> (checkpoint, prompt, height, width, steps, guidance, seed, sizes of the source pictures)
REFERENCES = {
    "tiny-f32-text-to-image": ("tiny-f32", "A red sign that says \"Open\" above a mug with 'Tea time'", 96, 160, 4, 1.5, 42, []),
    "tiny-f32-image-to-image": ("tiny-f32", "Make the circle blue, write “早安” on it", 128, 96, 3, 2.0, 7, [(64, 96), (128, 64)]),
    "tiny-bf16-sharded-text-to-image": ("tiny-bf16-sharded", "海报上写着“欢迎光临”，标题是「早安」，还有 'OK!'", 192, 96, 3, 1.5, 2**32 + 5, []),
    "tiny-bf16-sharded-image-to-image": ("tiny-bf16-sharded", "把天空的颜色改成蓝色", 64, 96, 3, 1.5, 0, [(96, 128)]),
    "tiny-mixed-text-to-image": ("tiny-mixed", "no quoted words, 12345 zebras", 64, 64, 2, 1.0, 1, []),
    "tiny-mixed-image-to-image": ("tiny-mixed", "join them, 'a' and \"bb\" and 「三」 and “dddd”", 96, 96, 3, 3.5, 11, [(64, 64), (96, 64), (64, 128)]),
}

QUESTION_CHECKPOINTS = {
    "tiny-answer-f32": {
        "seed": 411, "family": "4.1v", "dtype": "f32", "processor": {"patch_size": 14, "size": {"shortest_edge": 3136, "longest_edge": 100000}},
        "text": {"hidden_size": 72, "intermediate_size": 52, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
                 "max_position_embeddings": 4096, "rope_theta": 10000.0, "partial_rotary_factor": 0.5,
                 "rope_scaling": {"rope_type": "default", "mrope_section": [1, 1, 1]}},
        # Not told: attention_bias is false by default.
        "vision": {"depth": 2, "hidden_size": 48, "num_heads": 3, "patch_size": 14, "image_size": 84, "out_hidden_size": 72, "intermediate_size": 90},
    },
    "tiny-answer-bf16-sharded": {
        "seed": 461, "family": "4.6v", "dtype": "bf16", "shards": 3, "nested": True, "pairs_as_lists": False,
        "processor": {"patch_size": 6, "size": {"shortest_edge": 1152, "longest_edge": 20000}, "resample": 3, "rescale_factor": 0.00392156862745098,
                      "do_convert_rgb": True, "do_normalize": True, "do_resize": True},
        "text": {"hidden_size": 96, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 1,
                 "max_position_embeddings": 8192,
                 "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0, "partial_rotary_factor": 0.5, "mrope_section": [1, 2, 3]}},
        "vision": {"depth": 3, "hidden_size": 64, "num_heads": 2, "patch_size": 6, "image_size": 30, "out_hidden_size": 96, "intermediate_size": 112,
                   "attention_bias": True, "rope_parameters": {"rope_type": "axial", "rope_theta": 10000.0}},
        # A fine-tune's leftovers, which do not count.
        "top_level": {"hidden_size": 4096, "eos_token_id": 1},
    },
}

IMAGE = {"type": "image"}


def words(text):
    return {"type": "text", "text": text}


# reference name -> (checkpoint, messages, sizes of the images, whether to think)
QUESTIONS = {
    "tiny-answer-f32-image": ("tiny-answer-f32", [{"role": "user", "content": [IMAGE, words("Which words hang above the door?")]}], [(70, 113)], None),
    "tiny-answer-f32-turns": ("tiny-answer-f32", [
        {"role": "system", "content": "A short answer, isn't it?"}, {"role": "user", "content": "What is in the photo?"},
        {"role": "assistant", "content": "<think>a cat</think>\n<answer>A cat on a table.</answer>"},
        {"role": "user", "content": [words("And 上面写着“欢迎光临”"), words(" – 2024?")]}], [], None),
    "tiny-answer-bf16-sharded-image": ("tiny-answer-bf16-sharded", [
        {"role": "user", "content": [words("照片里有一杯咖啡 "), IMAGE, words("，标题是「早安」")]}], [(9, 33)], None),
    "tiny-answer-bf16-sharded-turns": ("tiny-answer-bf16-sharded", [
        {"role": "system", "content": [words("Be "), words("short.")]},
        {"role": "user", "content": [words("Compare"), IMAGE, IMAGE, words("please.")]},
        {"role": "assistant", "content": " A circle and a square. ", "reasoning_content": "two shapes"},
        {"role": "user", "content": [IMAGE, words("Is this the red one?")]},
        {"role": "assistant", "content": "<think>\nred\n</think>\nYes."},
        {"role": "user", "content": "Where?"}], [(40, 52), (130, 71), (37, 25)], False),
}

# (checkpoint, height, width) of lone source pictures
PROCESSOR_CASES = [("tiny-f32", 50, 70), ("tiny-bf16-sharded", 264, 66), ("tiny-f32", 37, 100), ("tiny-f32", 65, 65)]


def make_reference_file(name, pipes):
    checkpoint, prompt, height, width, steps, guidance, seed, sources = REFERENCES[name]
    if checkpoint not in pipes:
        pipes[checkpoint] = make_reference.load(FIXTURES / checkpoint)
    images = [Image.fromarray(image_cases.picture(h, w, seed=seed % 1000 + n)) for n, (h, w) in enumerate(sources)]
    record, metadata, margins = make_reference.reference(pipes[checkpoint], prompt, height, width, steps, guidance, seed, images)
    save_file(record, FIXTURES / f"{name}.safetensors", metadata=metadata)
    print(f"== {name}\n{make_reference.describe(record, metadata, margins)}")


def make_question_file(name, loaded):
    checkpoint, messages, sizes, thinking = QUESTIONS[name]
    if checkpoint not in loaded:
        loaded[checkpoint] = question_reference.load(FIXTURES / checkpoint)
    images = [Image.fromarray(image_cases.picture(h, w, seed=len(name) + n)) for n, (h, w) in enumerate(sizes)]
    record, metadata, margins = question_reference.reference(loaded[checkpoint], messages, images, thinking)
    save_file(record, FIXTURES / f"{name}.safetensors", metadata=metadata)
    print(f"== {name}\n{question_reference.describe(record, margins)}")


def make_processor_file():
    """Sources that the processor really resizes, below its least side and above its greatest; the pipeline itself breaks on such sizes."""
    from transformers import AutoProcessor

    record = {}
    for n, (checkpoint, h, w) in enumerate(PROCESSOR_CASES):
        pixels = image_cases.picture(h, w, seed=n)
        answer = AutoProcessor.from_pretrained(FIXTURES / checkpoint / "processor").image_processor(Image.fromarray(pixels), return_tensors="pt")
        record[f"case.{n}.image"] = torch.from_numpy(pixels)
        record[f"case.{n}.pixel_values"] = answer["pixel_values"]
        record[f"case.{n}.image_grid_thw"] = answer["image_grid_thw"]
    save_file(record, FIXTURES / "processor.safetensors", metadata={f"case.{n}": checkpoint for n, (checkpoint, *_) in enumerate(PROCESSOR_CASES)})


@torch.no_grad()
def make_tiles_file():
    """What a VAE makes of an image in tiles: 3 × 3 of them, the last ones down to a single latent high and two wide."""
    pipe = make_reference.load(FIXTURES / "tiny-f32")
    vae, config = pipe.vae, pipe.vae.config
    vae.tile_sample_min_size, vae.tile_latent_min_size = 64, 64 // pipe.vae_scale_factor
    vae.enable_tiling()
    latents = torch.randn(1, config.latent_channels, 13, 14, generator=torch.Generator("cpu").manual_seed(3))
    pixels = image_cases.picture(104, 112, seed=5)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (config.latents_mean, config.latents_std))
    record = {
        "latents": latents[0],
        "decoded": vae.decode(latents * std + mean, return_dict=False)[0][0],
        "image": torch.from_numpy(pixels),
        "encoded": make_reference.condition(pipe, [Image.fromarray(pixels)])[0][0].contiguous(),
    }
    save_file(record, FIXTURES / "tiles.safetensors", metadata={"checkpoint": "tiny-f32", "sample_size": "64"})


def main():
    global FIXTURES
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", help="checkpoints to make (processor, tiles, text, images and randn are names too)")
    parser.add_argument("--into", type=Path, default=FIXTURES, help="the folder to write to; default: Tests/Fixtures")
    options = parser.parse_args()
    FIXTURES = options.into
    wanted = options.only or [*CHECKPOINTS, *QUESTION_CHECKPOINTS, "processor", "tiles", "text", "images", "randn"]
    torch.set_num_threads(1)
    pipes, questions = {}, {}
    for name, spec in QUESTION_CHECKPOINTS.items():
        if name in wanted:
            question_checkpoints.build(FIXTURES / name, spec)
    for name, (checkpoint, *_) in QUESTIONS.items():
        if checkpoint in wanted:
            make_question_file(name, questions)
    for name, spec in CHECKPOINTS.items():
        if name in wanted:
            checkpoints.build(FIXTURES / name, spec)
    for name, (checkpoint, *_) in REFERENCES.items():
        if checkpoint in wanted:
            make_reference_file(name, pipes)
    if "processor" in wanted:
        make_processor_file()
    if "tiles" in wanted:
        make_tiles_file()
    if "text" in wanted:
        first = next(iter(CHECKPOINTS))
        pipe = pipes.get(first) or make_reference.load(FIXTURES / first)
        text_cases.write(FIXTURES / "text", {name: FIXTURES / name for name in list(CHECKPOINTS)[:2]}, pipe)
    if "images" in wanted:
        image_cases.write(FIXTURES / "images")
    if "randn" in wanted:
        randn_cases.write(FIXTURES / "randn.safetensors")


if __name__ == "__main__":
    main()
