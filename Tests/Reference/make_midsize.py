"""Writes a random model of middle size, for speed: large enough that products and memory decide, small enough for a laptop.

    make_midsize.py OUT_DIR [--model image|answer] [--dtype bf16|f32]

A GLM-Image has about 0.4 billion weights, 0.8 GB as bf16, a question model 0.4. The folder is complete and loads as any other; its images and answers
are noise. Not committed.
"""

import argparse

import checkpoints
import question_checkpoints

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

# 14 million weights in a layer of the decoder, 67 million in the head, as beside each other in the published model.
ANSWER = {
    "seed": 501, "family": "4.6v", "processor": {"patch_size": 14, "size": {"shortest_edge": 12544, "longest_edge": 9633792}},
    "text": {"vocab_size": 65536, "hidden_size": 1024, "intermediate_size": 3424, "num_hidden_layers": 12, "num_attention_heads": 8,
             "num_key_value_heads": 2, "max_position_embeddings": 131072,
             "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0, "partial_rotary_factor": 0.5, "mrope_section": [8, 12, 12]}},
    "vision": {"depth": 12, "hidden_size": 768, "num_heads": 6, "patch_size": 14, "image_size": 336, "out_hidden_size": 1024, "intermediate_size": 3424},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--model", choices=("image", "answer"), default="image")
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    options = parser.parse_args()
    if options.model == "answer":
        return question_checkpoints.build(options.out, {**ANSWER, "dtype": options.dtype})
    checkpoints.build(options.out, {**SPEC, "dtype": dict.fromkeys(("ar", "t5", "dit", "vae"), options.dtype)})


if __name__ == "__main__":
    main()
