"""Every number of the architecture, in one place. The classes are those of transformers and diffusers."""
from __future__ import annotations

import torch

from . import world

CODES = 512  # size of the VQ codebook; world.USED_CODES of them have a meaning, the rest is room
IMAGE_START, IMAGE_END = CODES, CODES + 1
VISION_VOCABULARY = CODES + 16  # GLM-Image: 16384 codes in a vision vocabulary of 16512

VISION = dict(hidden_size=128, intermediate_size=384, depth=3, num_heads=4, image_size=256, patch_size=16,
              in_channels=3, hidden_act="gelu", layer_norm_eps=1e-6, attention_bias=True, attention_dropout=0.0)
VQ = dict(embed_dim=32, num_embeddings=CODES, latent_channels=128, in_channels=3)
# The sections go over the frequencies from high to low in the order time, row, column. With a head this narrow the usual
# theta of 10000 leaves the columns frequencies too low to tell neighbours apart; 4 keeps all of them between 1 and 0.28.
TEXT = dict(hidden_size=192, intermediate_size=512, num_hidden_layers=5, num_attention_heads=4, num_key_value_heads=2,
            hidden_act="silu", rms_norm_eps=1e-5, max_position_embeddings=4096, attention_dropout=0.0, attention_bias=True,
            rope_parameters=dict(rope_type="default", rope_theta=4.0, partial_rotary_factor=0.5, mrope_section=[2, 5, 5]))
GENERATION = dict(do_sample=True, temperature=0.3, top_p=0.75, top_k=VISION_VOCABULARY)

GLYPH = dict(d_model=96, d_ff=192, d_kv=32, num_heads=3, num_layers=2, vocab_size=384, feed_forward_proj="gated-gelu",
             layer_norm_epsilon=1e-6, dropout_rate=0.0, tie_word_embeddings=False)
TRANSFORMER = dict(patch_size=2, in_channels=16, out_channels=16, num_layers=4, attention_head_dim=32, num_attention_heads=4,
                   text_embed_dim=96, time_embed_dim=128, condition_dim=16, prior_vq_quantizer_codebook_size=CODES)
# Groups must be few: a flat crop normalised over two or three channels loses its absolute colour.
VAE = dict(in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
           block_out_channels=[16, 32, 64, 64], layers_per_block=1, latent_channels=16, norm_num_groups=2, act_fn="silu",
           sample_size=256, scaling_factor=1.0, shift_factor=0.0, force_upcast=False, use_quant_conv=False,
           use_post_quant_conv=False, mid_block_add_attention=False)
SCHEDULER = dict(num_train_timesteps=1000, shift=1.0, use_dynamic_shifting=True, time_shift_type="linear", base_shift=0.25,
                 max_shift=0.75, base_image_seq_len=256, max_image_seq_len=4096)


def ar_config(tokenizer):
    from transformers import GlmImageConfig
    pad = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    return GlmImageConfig(
        text_config=dict(TEXT, vocab_size=len(tokenizer), vision_vocab_size=VISION_VOCABULARY, pad_token_id=pad, eos_token_id=IMAGE_END),
        vision_config=dict(VISION), vq_config=dict(VQ), image_token_id=tokenizer.convert_tokens_to_ids("<|image|>"),
        image_start_token_id=IMAGE_START, image_end_token_id=IMAGE_END, tie_word_embeddings=False)


def factor_embedding(rows: int, width: int, std: float, seed: int) -> torch.Tensor:
    """A start for an embedding of codes [rows, width]: sums of random vectors, one for each factor of a code's meaning."""
    generator = torch.Generator().manual_seed(seed)
    vectors: dict[str, torch.Tensor] = {}
    table = torch.empty(rows, width)
    for code in range(rows):
        names = world.factors(code)
        for name in names:
            if name not in vectors:
                vectors[name] = torch.randn(width, generator=generator)
        table[code] = sum(vectors[name] for name in names) / len(names) ** 0.5
    return table * std
