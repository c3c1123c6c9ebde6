"""Writes a random GLM-Image with the published model's dimensions, its products in int8 as `glm quantize` writes them: 20 GB.

    make_fullsize.py OUT_DIR [--only PATTERN] [--empty]

The folder is complete and loads as any other; its pictures are noise. Shard by shard, in about 100 MB of memory; a shard that is there and whole
is kept, so a run that was stopped goes on where it was. Needs Python alone. Tokenizer and small files are glm-tiny's, with the published ids.
--only makes the files whose path matches the pattern; --empty makes files of holes, all zeros, which take no room: for `glm plan`. Not committed.
"""

import argparse
import fnmatch
import json
import math
import os
import random
import re
import shutil
import struct
from pathlib import Path

TINY = Path(__file__).resolve().parents[2] / "Sources/GLMTiny/glm-tiny"
CHUNK = 16 << 20  # bytes that are made at once

# What glm quantize makes int8 of: CheckpointPart+Products.swift.
PRODUCTS = {
    "vision_language_encoder": r"model\.language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate_up|down)_proj)\.weight"
                               r"|model\.visual\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.fc[12])\.weight",
    "transformer": r"transformer_blocks\.\d+\.(attn1\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2))\.weight",
}
TABLES = ("embed_tokens", "shared", "position_embedding", "prior_token_embedding", "quantize.embedding", "relative_attention_bias")

TEXT = {"attention_bias": True, "attention_dropout": 0.0, "eos_token_id": 16385, "hidden_act": "silu", "hidden_size": 4096,
        "intermediate_size": 13696, "max_position_embeddings": 131072, "model_type": "glm_image_text", "num_attention_heads": 32,
        "num_hidden_layers": 40, "num_key_value_heads": 2, "pad_token_id": 167841, "rms_norm_eps": 1e-05, "use_cache": True,
        "rope_parameters": {"mrope_section": [8, 12, 12], "partial_rotary_factor": 0.5, "rope_theta": 10000, "rope_type": "default"},
        "vision_vocab_size": 16512, "vocab_size": 168064}
VISION = {"attention_bias": True, "attention_dropout": 0.0, "depth": 40, "hidden_act": "gelu", "hidden_size": 1536, "image_size": 2048,
          "in_channels": 3, "intermediate_size": 6144, "layer_norm_eps": 1e-06, "model_type": "glm_image_vision", "num_heads": 16, "patch_size": 16,
          "spatial_merge_size": 1}
QUANTIZER = {"embed_dim": 2048, "in_channels": 3, "latent_channels": 1536, "model_type": "glm_image_vqmodel", "num_embeddings": 16384}
TRANSFORMER = {"attention_head_dim": 128, "condition_dim": 256, "in_channels": 16, "num_attention_heads": 32, "num_layers": 30, "out_channels": 16,
               "patch_size": 2, "prior_vq_quantizer_codebook_size": 16384, "text_embed_dim": 1472, "time_embed_dim": 512}
GLYPH = {"d_ff": 3584, "d_kv": 64, "d_model": 1472, "num_decoder_layers": 12, "num_heads": 6, "num_layers": 12}
VAE = {"block_out_channels": [128, 512, 1024, 1024], "force_upcast": True, "layers_per_block": 3, "norm_num_groups": 32, "sample_size": 1024,
       "scaling_factor": 0.18215, "shift_factor": None,
       "latents_mean": [-0.2080078125, 1.875, -0.470703125, -1.265625, -1.421875, 0.77734375, -0.3671875, -0.9453125, 0.318359375, 0.7734375,
                        -0.1884765625, -0.022216796875, -0.220703125, -1.59375, -0.81640625, -0.255859375],
       "latents_std": [3.0625, 2.203125, 2.265625, 4.84375, 2.5, 3.9375, 2.203125, 3.03125, 2.1875, 2.046875, 2.71875, 2.390625, 2.390625, 2.453125,
                       2.25, 2.15625]}


def linear(name, outputs, inputs, bias=True):
    yield f"{name}.weight", [outputs, inputs]
    if bias:
        yield f"{name}.bias", [outputs]


def norm(name, size, bias=True):
    yield f"{name}.weight", [size]
    if bias:
        yield f"{name}.bias", [size]


def encoder_tensors():
    hidden, inner = VISION["hidden_size"], VISION["intermediate_size"]
    grid = VISION["image_size"] // VISION["patch_size"]
    yield "model.visual.embeddings.position_embedding.weight", [grid * grid, hidden]
    yield "model.visual.patch_embed.proj.weight", [hidden, 3, VISION["patch_size"], VISION["patch_size"]]
    yield "model.visual.patch_embed.proj.bias", [hidden]
    for n in range(VISION["depth"]):
        block = f"model.visual.blocks.{n}"
        for part in ("norm1", "norm2"):
            yield from norm(f"{block}.{part}", hidden)
        yield from linear(f"{block}.attn.qkv", 3 * hidden, hidden)
        yield from linear(f"{block}.attn.proj", hidden, hidden)
        yield from linear(f"{block}.mlp.fc1", inner, hidden)
        yield from linear(f"{block}.mlp.fc2", hidden, inner)
    code = QUANTIZER["embed_dim"]
    yield "model.vqmodel.quantize.embedding.weight", [QUANTIZER["num_embeddings"], code]
    yield "model.vqmodel.quant_conv.weight", [code, hidden, 1, 1]
    yield "model.vqmodel.quant_conv.bias", [code]
    yield "model.vqmodel.post_quant_conv.weight", [hidden, code, 1, 1]
    yield "model.vqmodel.post_quant_conv.bias", [hidden]
    hidden, inner = TEXT["hidden_size"], TEXT["intermediate_size"]
    keys = hidden // TEXT["num_attention_heads"] * TEXT["num_key_value_heads"]
    yield "model.language_model.embed_tokens.weight", [TEXT["vocab_size"], hidden]
    for n in range(TEXT["num_hidden_layers"]):
        layer = f"model.language_model.layers.{n}"
        yield from linear(f"{layer}.self_attn.q_proj", hidden, hidden)
        yield from linear(f"{layer}.self_attn.k_proj", keys, hidden)
        yield from linear(f"{layer}.self_attn.v_proj", keys, hidden)
        yield from linear(f"{layer}.self_attn.o_proj", hidden, hidden, bias=False)
        yield from linear(f"{layer}.mlp.gate_up_proj", 2 * inner, hidden, bias=False)
        yield from linear(f"{layer}.mlp.down_proj", hidden, inner, bias=False)
        for part in ("input_layernorm", "post_attention_layernorm", "post_self_attn_layernorm", "post_mlp_layernorm"):
            yield from norm(f"{layer}.{part}", hidden, bias=False)
    yield from norm("model.language_model.norm", hidden, bias=False)
    yield from linear("lm_head", TEXT["vision_vocab_size"], hidden, bias=False)


def transformer_tensors():
    c = TRANSFORMER
    hidden, time, patch = c["num_attention_heads"] * c["attention_head_dim"], c["time_embed_dim"], c["in_channels"] * c["patch_size"] ** 2
    yield from linear("image_projector.proj", hidden, patch)
    yield from linear("glyph_projector.net.0.proj", hidden, c["text_embed_dim"])
    yield from linear("glyph_projector.net.2", hidden, hidden)
    yield "prior_token_embedding.weight", [c["prior_vq_quantizer_codebook_size"], hidden]
    yield from linear("prior_projector.net.0.proj", hidden, hidden)
    yield from linear("prior_projector.net.2", hidden, hidden)
    for part, inputs in (("timestep_embedder", time), ("condition_embedder", 4 * c["condition_dim"])):
        yield from linear(f"time_condition_embed.{part}.linear_1", time, inputs)
        yield from linear(f"time_condition_embed.{part}.linear_2", time, time)
    for n in range(c["num_layers"]):
        block = f"transformer_blocks.{n}"
        yield from linear(f"{block}.norm1.linear", 12 * hidden, time)
        for part in ("to_q", "to_k", "to_v", "to_out.0"):
            yield from linear(f"{block}.attn1.{part}", hidden, hidden)
        yield from linear(f"{block}.ff.net.0.proj", 4 * hidden, hidden)
        yield from linear(f"{block}.ff.net.2", hidden, 4 * hidden)
    yield from linear("norm_out.linear", 2 * hidden, time)
    yield from linear("proj_out", patch, hidden)


def glyph_tensors():
    hidden, heads, inner = GLYPH["d_model"], GLYPH["num_heads"] * GLYPH["d_kv"], GLYPH["d_ff"]
    yield "shared.weight", [384, hidden]
    for n in range(GLYPH["num_layers"]):
        attention, feed = f"encoder.block.{n}.layer.0", f"encoder.block.{n}.layer.1"
        for part in ("q", "k", "v"):
            yield f"{attention}.SelfAttention.{part}.weight", [heads, hidden]
        yield f"{attention}.SelfAttention.o.weight", [hidden, heads]
        if n == 0:
            yield f"{attention}.SelfAttention.relative_attention_bias.weight", [32, GLYPH["num_heads"]]
        yield f"{attention}.layer_norm.weight", [hidden]
        yield f"{feed}.DenseReluDense.wi_0.weight", [inner, hidden]
        yield f"{feed}.DenseReluDense.wi_1.weight", [inner, hidden]
        yield f"{feed}.DenseReluDense.wo.weight", [hidden, inner]
        yield f"{feed}.layer_norm.weight", [hidden]
    yield "encoder.final_layer_norm.weight", [hidden]


def convolution(name, outputs, inputs, kernel=3):
    yield f"{name}.weight", [outputs, inputs, kernel, kernel]
    yield f"{name}.bias", [outputs]


def resnet(name, inputs, outputs):
    yield from norm(f"{name}.norm1", inputs)
    yield from convolution(f"{name}.conv1", outputs, inputs)
    yield from norm(f"{name}.norm2", outputs)
    yield from convolution(f"{name}.conv2", outputs, outputs)
    if inputs != outputs:
        yield from convolution(f"{name}.conv_shortcut", outputs, inputs, kernel=1)


def vae_tensors():
    widths, layers, latent = VAE["block_out_channels"], VAE["layers_per_block"], 16
    for half, blocks, sampler, count, ends in (("encoder", "down_blocks", "downsamplers", layers, (3, 2 * latent)),
                                               ("decoder", "up_blocks", "upsamplers", layers + 1, (latent, 3))):
        order = widths if half == "encoder" else widths[::-1]
        yield from convolution(f"{half}.conv_in", order[0], ends[0])
        before = order[0]
        for n, width in enumerate(order):
            for layer in range(count):
                yield from resnet(f"{half}.{blocks}.{n}.resnets.{layer}", before, width)
                before = width
            if n + 1 < len(order):
                yield from convolution(f"{half}.{blocks}.{n}.{sampler}.0.conv", width, width)
        for n in range(2):
            yield from resnet(f"{half}.mid_block.resnets.{n}", widths[-1], widths[-1])
        yield from norm(f"{half}.conv_norm_out", order[-1])
        yield from convolution(f"{half}.conv_out", ends[1], order[-1])


# folder -> (tensors, how files are named, shards, count and elements of the published model)
PARTS = {
    "vision_language_encoder": (encoder_tensors, "model", 4, (1011, 10_114_245_632)),
    "transformer": (transformer_tensors, "diffusion_pytorch_model", 3, (443, 6_926_882_880)),
    "text_encoder": (glyph_tensors, "model", 1, (111, 217_657_472)),
    "vae": (vae_tensors, "diffusion_pytorch_model", 1, (288, 406_100_643)),
}
WIDTHS = {"F32": 4, "BF16": 2, "I8": 1}


def stored(part):
    """(name, type, shape) of every tensor as it is stored."""
    for name, shape in PARTS[part][0]():
        if part in PRODUCTS and re.fullmatch(PRODUCTS[part], name):
            yield name, "I8", shape
            yield f"{name}_scale", "F32", [shape[0], 1]
        else:
            yield name, "BF16", shape


def shards(part):
    """File name -> its tensors, in about equal sizes."""
    _, stem, count, _ = PARTS[part]
    tensors = list(stored(part))
    total = sum(WIDTHS[kind] * math.prod(shape) for _, kind, shape in tensors)
    groups, filled = [[]], 0
    for tensor in tensors:
        if filled > total * len(groups) / count and not tensor[0].endswith("_scale"):
            groups.append([])
        groups[-1].append(tensor)
        filled += WIDTHS[tensor[1]] * math.prod(tensor[2])
    names = [f"{stem}.safetensors"] if count == 1 else [f"{stem}-{n + 1:05}-of-{len(groups):05}.safetensors" for n in range(len(groups))]
    # The widest first, so that each begins at a multiple of its width.
    return {name: sorted(group, key=lambda tensor: -WIDTHS[tensor[1]]) for name, group in zip(names, groups)}, total


def chunks(name, kind, shape):
    """The bytes of a tensor, the same for the same name."""
    dice, count, fan_in = random.Random(name), math.prod(shape), max(1, math.prod(shape[1:]))
    if name.endswith("_scale"):
        # Uniform int8 has a mean square of 73²; rows of such weights keep the scale of what passes through them.
        yield struct.pack(f"<{count}f", *[dice.uniform(0.75, 1.25) / (73 * math.sqrt(SCALE_INPUTS[name])) for _ in range(count)])
        return
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        if kind == "I8":
            yield dice.randbytes(size).translate(SYMMETRIC)
        elif len(shape) == 1:
            yield (b"\0\0" if name.endswith("bias") else struct.pack("<H", 0x3F80)) * size
        else:
            # Of a bf16 the upper byte holds the sign and seven bits of the exponent: two octaves about the size that is wanted.
            target = 0.02 if any(table in name for table in TABLES) else 1 / math.sqrt(fan_in)
            upper = round((math.log2(target / 1.9) + 127) / 2)
            values = bytearray(2 * size)
            values[0::2] = dice.randbytes(size)
            values[1::2] = dice.randbytes(size).translate(bytes(upper | (byte & 0x80) for byte in range(256)))
            yield values


SYMMETRIC = bytes(0x81 if byte == 0x80 else byte for byte in range(256))
SCALE_INPUTS = {f"{name}_scale": shape[1] for part in PRODUCTS for name, kind, shape in stored(part) if kind == "I8"}


def write_shard(path, tensors, empty):
    header, position = {"__metadata__": {"format": "pt"}}, 0
    for name, kind, shape in tensors:
        end = position + WIDTHS[kind] * math.prod(shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    size = 8 + len(text) + position
    if path.exists() and path.stat().st_size == size and (empty or 512 * path.stat().st_blocks >= size):
        print(f"{path} is there")
        return
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        if empty:
            file.truncate(size)
        else:
            for tensor in tensors:
                for chunk in chunks(*tensor):
                    file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    assert partial.stat().st_size == size, (path, partial.stat().st_size, size)
    os.rename(partial, path)
    print(f"{path}: {size / 1e9:.2f} GB", flush=True)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def quantization_config(part):
    ignored = sorted(name.removesuffix(".weight") for name, kind, shape in stored(part) if kind == "BF16" and len(shape) == 2)
    return {"config_groups": {"group_0": {
        "format": "int-quantized", "targets": ["Linear"],
        "weights": {"dynamic": False, "num_bits": 8, "strategy": "channel", "symmetric": True, "type": "int"},
        "input_activations": {"dynamic": True, "num_bits": 8, "strategy": "token", "symmetric": True, "type": "int"}}},
        "format": "int-quantized", "ignore": ignored, "kv_cache_scheme": None, "quant_method": "compressed-tensors",
        "quantization_status": "compressed"}


def write_small_files(out):
    """glm-tiny's, with the published sizes and ids."""
    shutil.copytree(TINY, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))

    def change(path, **values):
        write_json(out / path, {**json.loads((TINY / path).read_text(encoding="utf-8")), **values})

    change("vision_language_encoder/config.json", image_start_token_id=16384, image_end_token_id=16385, image_token_id=167855, text_config=TEXT,
           vision_config=VISION, vq_config=QUANTIZER, quantization_config=quantization_config("vision_language_encoder"))
    change("vision_language_encoder/generation_config.json", eos_token_id=16385, pad_token_id=167855, temperature=0.9, top_k=16512, top_p=0.75)
    change("transformer/config.json", **TRANSFORMER, quantization_config=quantization_config("transformer"))
    change("text_encoder/config.json", **GLYPH)
    change("vae/config.json", **VAE)
    image = json.loads((TINY / "processor/processor_config.json").read_text(encoding="utf-8"))["image_processor"]
    change("processor/processor_config.json", image_processor={**image, "size": {"shortest_edge": 262144, "longest_edge": 4194304}})
    change("processor/tokenizer_config.json", bos_token="<|dit_token_16384|>", model_max_length=131072)
    template = (TINY / "processor/chat_template.jinja").read_text(encoding="utf-8")
    template = template.replace("dit_token_512", "dit_token_16384").replace("dit_token_513", "dit_token_16385")
    (out / "processor/chat_template.jinja").write_text(template, encoding="utf-8")

    tokenizer = json.loads((TINY / "processor/tokenizer.json").read_text(encoding="utf-8"))
    tiny_codes = sum(token["content"].startswith("<|dit_token_") for token in tokenizer["added_tokens"])
    special = min(token["id"] for token in tokenizer["added_tokens"] if not token["content"].startswith("<|dit_token_"))

    def place(number):
        """Codes first, then text, then special tokens at the end of the table's used part."""
        return 167841 + number - special if number >= special else 16512 + number - tiny_codes

    codes = [f"<|dit_token_{n}|>" for n in range(16512)]
    sample = tokenizer["added_tokens"][0]
    tokenizer["added_tokens"] = [{**sample, "id": n, "content": text} for n, text in enumerate(codes)] + [
        {**token, "id": place(token["id"])} for token in tokenizer["added_tokens"] if token["id"] >= special]
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {text: n for n, text in enumerate(codes)} | {
        text: place(number) for text, number in vocabulary.items() if number >= tiny_codes}
    write_json(out / "processor/tokenizer.json", tokenizer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", metavar="PATTERN", default="*", help="such as 'transformer/*-00001-*'")
    parser.add_argument("--empty", action="store_true", help="files of holes, all zeros")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_small_files(options.out)
    for part, (tensors, stem, count, expected) in PARTS.items():
        listed = list(tensors())
        found = len(listed), sum(math.prod(shape) for _, shape in listed)
        assert found == expected, (part, found, expected)
        files, total = shards(part)
        if count > 1:
            index = {name: file for file, group in files.items() for name, _, _ in group}
            write_json(options.out / part / f"{stem}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": index})
        for file, group in files.items():
            if fnmatch.fnmatch(f"{part}/{file}", options.only):
                write_shard(options.out / part / file, group, options.empty)


if __name__ == "__main__":
    main()
