"""The question model's tokenizer, chat template and image processor, in the layout of GLM-4.6V.

Every word of the world is one token, in English and in Chinese; letters of quoted words are tokens of their own; any other text falls
into bytes. The special tokens stand behind them in the order of GLM-4.6V.
"""
from __future__ import annotations

import json

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from . import questions, vqa_config
from .tokenizer import _pre_tokenizer

SPECIAL = ["<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>",
           "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>", "<|begin_of_audio|>", "<|end_of_audio|>",
           "<|begin_of_transcription|>", "<|end_of_transcription|>", "<|code_prefix|>", "<|code_middle|>", "<|code_suffix|>", "<think>", "</think>",
           "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "/nothink",
           "<|begin_of_box|>", "<|end_of_box|>", "<|image|>", "<|video|>"]
# What a program may want to read in an answer stays in the text when special tokens are left out.
READABLE = {"<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<arg_key>", "</arg_key>", "<arg_value>",
            "</arg_value>", "<|begin_of_box|>", "<|end_of_box|>"}

CHINESE = """图中 图里 图片 图片中 图片里 这张图 这张图片 张 图 有 几个 多少 个 多少个 形状 图形 的 是 什么 颜色 什么颜色 背景 背景上 在 吗 哪里 哪儿 位置 哪些
里 中 没有 有没有 看到 你 了 一共 数一数 大 小 大的 小的 还是 有多大 单词 文字 写 写的 写着 读出 请 描述 描述一下 一下 列出 所有 从左到右 从上到下 和 什么也没有 不是 紧挨着 着
出 左边 右边 上面 下面 中间 红色 绿色 蓝色 黄色 紫色 橙色 白色 灰色 黑色 圆形 正方形 三角形 菱形 十字 我 个人 一 二 三 两 不 对 圆 方形 。 ？ ， 、 ： ！ “ ”""".split()
ENGLISH = """you are a helpful assistant please thanks thank hello hi yes no not none it its they them this that these those what which where who when why how
shape shapes figure figures object objects thing things item items picture image photo scene drawing background colour color colours colors size big small
large little letter letters word words text read written say says show shows shown see seen tell describe count number many name list part direct directly
beside next under over right left above below top bottom middle centre center corner there here have has do does can could is was be of in on at the to
and or with without from for me your my answer answers question questions short one two three four five zero only just any some all both each other same
different larger smaller than nothing something anything gray brown pink look looks like cat dog circle circles square squares triangle triangles diamond
diamonds cross crosses stand stands""".split()

CHAT_TEMPLATE = """[gMASK]<sop>
{%- set last = namespace(user=-1) -%}
{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set last.user = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- macro words(content) -%}
{%- if content is string -%}{{ content }}
{%- else -%}
{%- for item in content -%}
{%- if item.type == 'image' or 'image' in item -%}<|begin_of_image|><|image|><|end_of_image|>
{%- elif item.type == 'text' -%}{{ item.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{%- for m in messages -%}
{%- if m.role == 'system' -%}<|system|>
{{ words(m.content) }}
{%- elif m.role == 'user' -%}<|user|>
{{ words(m.content) }}
{%- if enable_thinking is defined and not enable_thinking and not words(m.content).endswith('/nothink') -%}/nothink{%- endif -%}
{%- elif m.role == 'assistant' -%}<|assistant|>
{%- set said = words(m.content) -%}
{%- set thought = m.reasoning_content if m.reasoning_content is string else '' -%}
{%- if '</think>' in said -%}
{%- set thought = said.split('</think>')[0].split('<think>')[-1] -%}
{%- set said = said.split('</think>')[-1] -%}
{%- endif -%}
{{ '\\n<think>' + (thought.strip() if loop.index0 > last.user else '') + '</think>' }}
{%- if said.strip() -%}{{ '\\n' + said.strip() }}{%- endif -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>
{% if enable_thinking is defined and not enable_thinking %}<think></think>
{% endif -%}
{%- endif -%}"""


def build_tokenizer():
    from transformers import PreTrainedTokenizerFast
    words = sorted({*ENGLISH, *(word.strip("?.,'{}") for text in questions.every_text() for word in text.split()), *map(str, range(21))} - {""})
    # Single capitals are bytes already, and words in capitals must not be learnt: a quoted word is to be spelled.
    words = [word for word in words if word.isalnum()]
    corpus = [form for word in words for form in (word.lower(), " " + word.lower(), word.lower().capitalize(), " " + word.lower().capitalize())]
    corpus += CHINESE + ["'s", ' "', '".', "?", ".", ",", "\n"]
    learner = Tokenizer(models.BPE(ignore_merges=True))
    learner.pre_tokenizer = _pre_tokenizer()
    learner.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=8192, min_frequency=1, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    learned = json.loads(learner.to_str())["model"]
    vocabulary = {token: i for i, token in enumerate(sorted(learned["vocab"], key=learned["vocab"].get))}
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    tokenizer.pre_tokenizer = _pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    for token in SPECIAL:  # one by one: added together, those of one kind would come first
        added = AddedToken(token, special=token not in READABLE, normalized=False)
        (tokenizer.add_tokens if token in READABLE else tokenizer.add_special_tokens)([added])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, padding_side="left", model_max_length=4096, clean_up_tokenization_spaces=False,
        eos_token="<|endoftext|>", pad_token="<|endoftext|>", chat_template=CHAT_TEMPLATE)


def build_image_processor():
    from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil
    return Glm4vImageProcessorPil(
        patch_size=vqa_config.PATCH, merge_size=vqa_config.MERGE, temporal_patch_size=2, size=dict(vqa_config.EDGES),
        image_mean=vqa_config.MEAN, image_std=vqa_config.STD)


def model_config(tokenizer):
    from transformers import Glm4vConfig
    number = tokenizer.convert_tokens_to_ids
    pad = number("<|endoftext|>")
    ends = [pad, number("<|user|>"), number("<|observation|>")]
    return Glm4vConfig(
        text_config=dict(vqa_config.TEXT, vocab_size=len(tokenizer), pad_token_id=pad, eos_token_id=ends), vision_config=dict(vqa_config.VISION),
        image_token_id=number("<|image|>"), video_token_id=number("<|video|>"), image_start_token_id=number("<|begin_of_image|>"),
        image_end_token_id=number("<|end_of_image|>"), video_start_token_id=number("<|begin_of_video|>"), video_end_token_id=number("<|end_of_video|>"),
        tie_word_embeddings=False)
