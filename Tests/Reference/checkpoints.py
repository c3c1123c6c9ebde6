"""Random GLM-Image folders: laid out as zai-org/GLM-Image is, with weights drawn so that every path shows in the output.

Default initialisation would hide mistakes: zero biases, norms of ones, attention that is nearly uniform. Here every bias and norm weight is
random, matrices keep the scale of what passes through them, and queries and keys are drawn larger so that attention has a preference.
"""

import json
import math
from pathlib import Path

import torch
from diffusers import AutoencoderKL, GlmImageTransformer2DModel
from transformers import GlmImageConfig, GlmImageForConditionalGeneration, T5Config, T5EncoderModel

import tokenizer_files
from stored import save_file

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}

MODEL_INDEX = {"_class_name": "GlmImagePipeline", "_diffusers_version": "0.37.0.dev0", "processor": ["transformers", "GlmImageProcessor"],
               "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"], "text_encoder": ["transformers", "T5EncoderModel"],
               "tokenizer": ["transformers", "ByT5Tokenizer"], "transformer": ["diffusers", "GlmImageTransformer2DModel"],
               "vae": ["diffusers", "AutoencoderKL"],
               "vision_language_encoder": ["transformers", "GlmImageForConditionalGeneration"]}

SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.37.0.dev0", "base_image_seq_len": 256,
             "base_shift": 0.25, "invert_sigmas": False, "max_image_seq_len": 4096, "max_shift": 0.75, "num_train_timesteps": 1000,
             "shift": 1.0, "shift_terminal": None, "stochastic_sampling": False, "time_shift_type": "linear", "use_beta_sigmas": False,
             "use_dynamic_shifting": True, "use_exponential_sigmas": False, "use_karras_sigmas": False}

TABLES = ("embed_tokens", "shared", "position_embedding", "prior_token_embedding", "quantize.embedding", "relative_attention_bias")


def draw(model, gains, seed):
    """A state dict of random values. `gains`: part of a name -> factor, the last match counts."""
    generator = torch.Generator("cpu").manual_seed(seed)
    state = {}
    for name, parameter in model.state_dict().items():
        values = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias") and parameter.dim() == 1:
            values *= 0.3
        elif parameter.dim() == 1:
            values = 1 + 0.2 * values
        elif not any(table in name for table in TABLES):
            values /= math.sqrt(math.prod(parameter.shape[1:]))
        factor = 1.0
        for part, gain in gains.items():
            if part in name:
                factor = gain
        state[name] = values * factor
    return state


def store(state, folder, stem, dtype, shards):
    """safetensors as the hub has them: one file, or shards of about equal size with an index."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to(DTYPES[dtype]).contiguous() for name, tensor in state.items()}
    if shards == 1:
        save_file(state, folder / f"{stem}.safetensors", metadata={"format": "pt"})
        return
    total = sum(t.numel() * t.element_size() for t in state.values())
    parts, filled = [{}], 0
    for name, tensor in state.items():
        if filled > total * len(parts) / shards:
            parts.append({})
        parts[-1][name] = tensor
        filled += tensor.numel() * tensor.element_size()
    names = [f"{stem}-{n + 1:05}-of-{len(parts):05}.safetensors" for n in range(len(parts))]
    for file, part in zip(names, parts):
        save_file(part, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, part in zip(names, parts) for name in part}
    write_json(folder / f"{stem}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def build(folder, spec):
    """Writes the checkpoint that `spec` describes. See make_fixtures.py for specs."""
    folder = Path(folder)
    codes, seed = spec["codes"], spec["seed"]
    spare = spec.get("spare", 16)  # visual tokens beyond the codes: start, end and unused ones
    special, vocabulary = tokenizer_files.write(folder, codes, spec["min_pixels"], spec["max_pixels"], spare=spare,
                                                pairs_as_lists=spec.get("pairs_as_lists", True))
    write_json(folder / "model_index.json", {**MODEL_INDEX, "_name_or_path": "random"})
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)

    ar = {"architectures": ["GlmImageForConditionalGeneration"], "model_type": "glm_image", "image_start_token_id": codes,
          "image_end_token_id": codes + 1, "image_token_id": special["<|image|>"],
          "text_config": {"model_type": "glm_image_text", "vocab_size": vocabulary + 8, "vision_vocab_size": codes + spare, "hidden_act": "silu",
                          "rms_norm_eps": 1e-05, "max_position_embeddings": 131072, "attention_dropout": 0.0, "initializer_range": 0.02,
                          "eos_token_id": codes + 1, "pad_token_id": special["<|endoftext|>"], "use_cache": True, **spec["text"]},
          "vision_config": {"model_type": "glm_image_vision", "in_channels": 3, "patch_size": 16, "hidden_act": "gelu", "layer_norm_eps": 1e-06,
                            "attention_dropout": 0.0, **spec["vision"]},
          "vq_config": {"model_type": "glm_image_vqmodel", "embed_dim": spec["code_dim"], "num_embeddings": codes, "in_channels": 3,
                        "latent_channels": spec["vision"]["hidden_size"], "initializer_range": 0.02}}
    part = folder / "vision_language_encoder"
    write_json(part / "config.json", ar)
    write_json(part / "generation_config.json", {"_from_model_config": True, "do_sample": True, "eos_token_id": codes + 1,
                                                 "pad_token_id": special["<|image|>"], "temperature": 0.9, "top_k": codes + spare, "top_p": 0.75})
    model = GlmImageForConditionalGeneration(GlmImageConfig.from_pretrained(part))
    gains = {"qkv": 1.6, "q_proj.weight": 1.3, "k_proj.weight": 1.3, "_proj.bias": 0.4, "position_embedding": 0.7, "lm_head": 2.5, "embed_tokens": 0.4, "post_self_attn": 1.3, **spec.get("ar_gains", {})}
    state = draw(model, gains, seed)
    state["lm_head.weight"][codes:] *= spec.get("end_gain", 1.0)  # below 1: the argmax is nearly always a code
    store(state, part, "model", spec["dtype"]["ar"], spec.get("ar_shards", 1))

    t5 = {"architectures": ["T5EncoderModel"], "model_type": "t5", "vocab_size": 384, "feed_forward_proj": "gated-gelu", "dropout_rate": 0.1,
          "layer_norm_epsilon": 1e-06, "initializer_factor": 1.0, "is_encoder_decoder": True, "pad_token_id": 0, "eos_token_id": 1,
          "tie_word_embeddings": False, "use_cache": True, **spec["t5"]}
    part = folder / "text_encoder"
    write_json(part / "config.json", t5)
    state = draw(T5EncoderModel(T5Config.from_pretrained(part)), {".q.": 0.6 / t5["d_kv"] ** 0.25, ".k.": 0.6 / t5["d_kv"] ** 0.25}, seed + 1)
    if spec.get("t5_stores_twice"):
        state["encoder.embed_tokens.weight"] = state["shared.weight"].clone()
    else:
        state.pop("encoder.embed_tokens.weight", None)
    store(state, part, "model", spec["dtype"]["t5"], 1)

    dit = {"patch_size": 2, "in_channels": 16, "out_channels": 16, "prior_vq_quantizer_codebook_size": codes, "text_embed_dim": t5["d_model"], **spec["dit"]}
    part = folder / "transformer"
    write_json(part / "config.json", {"_class_name": "GlmImageTransformer2DModel", "_diffusers_version": "0.37.0.dev0", **dit})
    gains = {"norm1.linear": 0.6, "norm_out.linear": 0.5, "prior_token_embedding": 1.0, **spec.get("dit_gains", {})}
    store(draw(GlmImageTransformer2DModel(**dit), gains, seed + 2), part, "diffusion_pytorch_model", spec["dtype"]["dit"], spec.get("dit_shards", 1))

    blocks = len(spec["vae"]["block_out_channels"])
    channels = dit["in_channels"]
    spread = torch.Generator("cpu").manual_seed(seed + 4)
    vae = {"in_channels": 3, "out_channels": 3, "latent_channels": channels, "act_fn": "silu", "sample_size": 1024, "scaling_factor": 0.18215,
           "shift_factor": None, "force_upcast": True, "down_block_types": ["DownEncoderBlock2D"] * blocks,
           "up_block_types": ["UpDecoderBlock2D"] * blocks, **spec["vae"],
           "latents_mean": (torch.randn(channels, generator=spread) * 0.7).bfloat16().tolist(),
           "latents_std": (1.5 + torch.rand(channels, generator=spread) * 1.5).bfloat16().tolist()}
    part = folder / "vae"
    write_json(part / "config.json", {"_class_name": "AutoencoderKL", "_diffusers_version": "0.37.0.dev0", **vae})
    gains = {"conv2.weight": 0.6, "decoder.conv_out.weight": 0.8, "encoder.conv_out.weight": 2.5, "to_q": 1.5, "to_k": 1.5, **spec.get("vae_gains", {})}
    store(draw(AutoencoderKL(**vae), gains, seed + 3), part, "diffusion_pytorch_model", spec["dtype"]["vae"], 1)
