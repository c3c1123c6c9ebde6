"""The AR model's processor: a tokenizer built as GLM-4's is, the image processor and the chat template.

Ids 0..K+15 are the vision tokens, because generated ids are fed back as input ids as they are. Then bytes and merges, then the
special tokens in GLM-4's order. Every word of the world is one token; any other text falls into bytes.
"""
from __future__ import annotations

import json

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from . import config, world

# GLM-4's pre-tokenizer, as it stands in its tokenizer.json.
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>",
           "<|observation|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>", "<|image|>", "<|video|>"]
CHAT_TEMPLATE = (
    "{%- for m in messages -%}{%- if m.content is string -%}{{ m.content }}{%- else -%}{%- for item in m.content -%}"
    "{%- if item.type == 'image' or item.get('image') is not none -%}<|dit_token_" + str(config.IMAGE_START) + "|><|image|><|dit_token_"
    + str(config.IMAGE_END) + "|>{%- elif item.type == 'text' -%}{{ item.text }}{%- endif -%}{%- endfor -%}{%- endif -%}{%- endfor -%}")


def _pre_tokenizer():
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def build_tokenizer():
    from transformers import PreTrainedTokenizerFast
    # Learn merges until every word is whole, in the three ways a word can stand in a prompt.
    words = world.vocabulary() + [str(n) for n in range(65)]
    corpus = [form for word in words for form in (word, " " + word, word.capitalize())]
    learner = Tokenizer(models.BPE(ignore_merges=True))
    learner.pre_tokenizer = _pre_tokenizer()
    learner.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=4096, min_frequency=1, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    learned = json.loads(learner.to_str())["model"]

    vision = [f"<|dit_token_{i}|>" for i in range(config.VISION_VOCABULARY)]
    vocabulary = {token: i for i, token in enumerate(vision)}
    for token in sorted(learned["vocab"], key=learned["vocab"].get):
        vocabulary[token] = len(vocabulary)
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    tokenizer.pre_tokenizer = _pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(vision)
    tokenizer.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, padding_side="left", model_max_length=4096, clean_up_tokenization_spaces=False,
        bos_token=vision[config.IMAGE_START], eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        extra_special_tokens={"image_token": "<|image|>", "grid_bos_token": "<sop>", "grid_eos_token": "<eop>"})


def build_processor():
    from transformers import GlmImageProcessor
    from transformers.models.glm_image.image_processing_pil_glm_image import GlmImageImageProcessorPil
    # The edges are areas: a source of 256x256 stays as large as it is (and is halved by the processor's own rule).
    images = GlmImageImageProcessorPil(
        patch_size=16, merge_size=1, temporal_patch_size=1, size={"shortest_edge": 256 * 256, "longest_edge": 1024 * 1024},
        image_mean=[0.5] * 3, image_std=[0.5] * 3)
    return GlmImageProcessor(image_processor=images, tokenizer=build_tokenizer(), chat_template=CHAT_TEMPLATE)


def prompt_ids(tokenizer, prompt: str, height: int, width: int) -> list[int]:
    """The ids a text to image request is answered from, as the processor lays them out; sizes in cells of 32 px."""
    rows, cols = world.preview_size(height, width)
    return tokenizer.encode(f"{prompt}<sop>{height} {width}<eop><sop>{rows} {cols}<eop><|dit_token_{config.IMAGE_START}|>", add_special_tokens=False)


def edit_ids(tokenizer, instruction: str, height: int, width: int) -> list[int]:
    """What follows the source's start token and codes in an image to image request: there is no preview grid."""
    return tokenizer.encode(f"<|dit_token_{config.IMAGE_END}|>{instruction}<sop>{height} {width}<eop><|dit_token_{config.IMAGE_START}|>", add_special_tokens=False)
