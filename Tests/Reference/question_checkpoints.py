"""Random folders of question models: laid out as zai-org's GLM-4.1V-9B-Thinking and GLM-4.6V-Flash are, with weights drawn as in checkpoints.py."""

from pathlib import Path

from transformers import Glm4vConfig, Glm4vForConditionalGeneration

import conversation_files
from checkpoints import draw, store, write_json

GAINS = {"qkv": 1.6, "q_proj.weight": 1.6, "k_proj.weight": 1.6, "_proj.bias": 0.4, "position_embedding": 0.7, "lm_head": 2.5, "embed_tokens": 0.4,
         "post_self_attn": 1.3, "merger.down_proj": 2.0, "merger.gate_proj": 1.5}


def build(folder, spec):
    """Writes the checkpoint that `spec` describes. See make_fixtures.py for specs."""
    folder = Path(folder)
    family = spec["family"]
    special, vocabulary = conversation_files.write(folder, family, spec["processor"], spec.get("nested", False),
                                                   pairs_as_lists=spec.get("pairs_as_lists", True))
    ends = [special[token] for token in conversation_files.ENDS[family]]
    text = {"model_type": "glm4v_text", "vocab_size": vocabulary + 8, "hidden_act": "silu", "rms_norm_eps": 1e-05, "attention_bias": True,
            "attention_dropout": 0.0, "initializer_range": 0.02, "eos_token_id": ends, "pad_token_id": special["<|endoftext|>"],
            "use_cache": True, **spec["text"]}
    write_json(folder / "config.json", {
        "architectures": ["Glm4vForConditionalGeneration"], "model_type": "glm4v", "tie_word_embeddings": False,
        "image_token_id": special["<|image|>"], "video_token_id": special["<|video|>"],
        "image_start_token_id": special["<|begin_of_image|>"], "image_end_token_id": special["<|end_of_image|>"],
        "video_start_token_id": special["<|begin_of_video|>"], "video_end_token_id": special["<|end_of_video|>"],
        "text_config": text, **spec.get("top_level", {}),
        "vision_config": {"model_type": "glm4v_vision", "in_channels": 3, "hidden_act": "silu", "rms_norm_eps": 1e-05, "attention_dropout": 0.0,
                          "spatial_merge_size": 2, "temporal_patch_size": 2, "initializer_range": 0.02, **spec["vision"]}})
    write_json(folder / "generation_config.json", {"_from_model_config": True, "do_sample": True, "eos_token_id": ends,
                                                   "pad_token_id": special["<|endoftext|>"], "temperature": 0.8, "top_k": 2, "top_p": 0.6})
    model = Glm4vForConditionalGeneration(Glm4vConfig.from_pretrained(folder))
    store(draw(model, GAINS, spec["seed"]), folder, "model", spec["dtype"], spec.get("shards", 1))
