"""Every number of the question model. The class is transformers' Glm4vForConditionalGeneration."""
from __future__ import annotations

PATCH, MERGE = 16, 2  # one row of the tower for each cell of 32 px
WIDTH = 192  # of the language model, and of the rows the tower hands it
SCALE = 2.0  # of a channel that is on (sight.py), so that the tower's rows are about as long as those of words

VISION = dict(hidden_size=128, intermediate_size=256, depth=4, num_heads=4, image_size=256, patch_size=PATCH, temporal_patch_size=2,
              spatial_merge_size=MERGE, out_hidden_size=WIDTH, in_channels=3, hidden_act="silu", rms_norm_eps=1e-5,
              attention_bias=False, attention_dropout=0.0)
# theta is small for the reason given in config.py: heads are narrow, columns have the lowest frequencies.
TEXT = dict(hidden_size=WIDTH, intermediate_size=320, num_hidden_layers=5, num_attention_heads=6, num_key_value_heads=2,
            hidden_act="silu", rms_norm_eps=1e-5, max_position_embeddings=4096, attention_dropout=0.0,
            rope_parameters=dict(rope_type="default", rope_theta=4.0, partial_rotary_factor=0.5, mrope_section=[2, 3, 3]))

# GLM-4.1V's. The edges are areas, of two frames: every picture comes to 256x256, 256x320 or as much in another form, which is
# what the tower has been trained on; smaller ones are enlarged, larger ones reduced.
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
EDGES = {"shortest_edge": 2 * 256 * 256, "longest_edge": 2 * 256 * 320}
