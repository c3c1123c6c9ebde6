"""Writes a random GLM-Image of middle size, for speed: large enough that products and memory decide, small enough for a laptop.

    make_midsize.py OUT_DIR [--dtype bf16|f32]

About 0.4 billion weights: 0.8 GB as bf16. The folder is complete and loads as any other; its pictures are noise. Not committed.
"""

import argparse

import checkpoints

SPEC = {
    "seed": 500, "codes": 16384, "spare": 128, "code_dim": 256, "min_pixels": 262144, "max_pixels": 4194304,
    "text": {"hidden_size": 1024, "intermediate_size": 2752, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 2,
             "rope_parameters": {"rope_theta": 10000, "rope_type": "default", "mrope_section": [8, 12, 12], "partial_rotary_factor": 0.5}},
    "vision": {"hidden_size": 768, "intermediate_size": 3072, "depth": 12, "num_heads": 12, "image_size": 2048, "attention_bias": True},
    "t5": {"d_model": 1472, "d_kv": 64, "num_heads": 6, "d_ff": 3584, "num_layers": 4, "relative_attention_num_buckets": 32,
           "relative_attention_max_distance": 128},
    "dit": {"attention_head_dim": 40, "num_attention_heads": 16, "num_layers": 8, "time_embed_dim": 512, "condition_dim": 256},
    "vae": {"block_out_channels": [64, 128, 256, 256], "layers_per_block": 2, "norm_num_groups": 32, "mid_block_add_attention": True,
            "use_quant_conv": False, "use_post_quant_conv": False},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    options = parser.parse_args()
    checkpoints.build(options.out, {**SPEC, "dtype": dict.fromkeys(("ar", "t5", "dit", "vae"), options.dtype)})


if __name__ == "__main__":
    main()
