"""The text side of a small GLM-Image folder: `processor/` and `tokenizer/`, laid out as zai-org/GLM-Image lays them out.

The byte-level BPE is trained on the few lines below. It has the structure of GLM-4's tokenizer.json (pre-tokeniser, `ignore_merges`, added
tokens) and a vocabulary of some hundred entries, so that a test can commit it.
"""

import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

CORPUS = """
A red sign that says Open hangs above the small door of a coffee shop in the rain.
The poster shows the words Grand Opening and the date 2024-05-17 in gold letters.
A photo of a cat with green eyes on a wooden table, soft light, shallow depth of field.
Make the circle blue and put a white square to the left of the triangle.
A wonderful morning, isn't it? They're here, we've seen them, I'm sure you'll like it.
An advertisement with a bottle, a mug and two slices of lemon on a marble surface.
一张海报，上面写着“欢迎光临”四个大字，背景是红色的灯笼。
画一只小猫坐在窗台上，阳光照在它的身上，旁边放着一本书。
把天空的颜色改成蓝色，保留图片中的人物和建筑。
照片里有一杯咖啡，标题是「早安」，下面是价格和地址。
"""

# GLM-4's own order. In the real file text ids start at 16512, right after the visual tokens, and these follow the text.
SPECIAL = ["<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>",
           "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>", "<|image|>", "<|video|>"]

SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

# No merge leads to these: only `ignore_merges` finds them, as whole pre-tokens.
UNREACHABLE = ["Ġzebra", "Ġquantum", "xylo", "狐狸"]


def byte_characters():
    """The byte-level alphabet: byte -> the character that stands for it."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in visible:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


def chat_template(codes):
    """GLM-Image's template: images in their brackets, then the text; no roles, no newlines."""
    return (
        "{%- for m in messages -%}\n{%- if m.content is string -%}\n{{ m.content }}\n{%- else -%}\n{%- for item in m.content -%}\n"
        "{%- if item.type == 'image' or item.get('image') is not none -%}\n"
        f"<|dit_token_{codes}|><|image|><|dit_token_{codes + 1}|>\n"
        "{%- elif item.type == 'text' -%}\n{{ item.text }}\n{%- endif -%}\n{%- endfor -%}\n{%- endif -%}\n{%- endfor -%}\n"
    )


def build_tokenizer(codes, spare, merges, pairs_as_lists, special=SPECIAL, words_added=()):
    """tokenizer.json as a dictionary. `pairs_as_lists`: merges as ["a", "b"] (newer files) or as "a b" (older ones). `words_added`: those of
    `special` that are found as a whole but not flagged special."""
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre
    trainer = trainers.BpeTrainer(vocab_size=256 + merges, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    trained.train_from_iterator(CORPUS.strip().splitlines(), trainer)
    trained.decoder = decoders.ByteLevel()
    trained.post_processor = processors.ByteLevel(add_prefix_space=True, trim_offsets=False, use_regex=True)
    data = json.loads(trained.to_str())

    to_characters = byte_characters()
    words = sorted(data["model"]["vocab"], key=data["model"]["vocab"].get)
    for word in UNREACHABLE:
        written = word if word.startswith("Ġ") or word.isascii() else "".join(to_characters[b] for b in word.encode())
        if written not in words:
            words.append(written)
    visual = [f"<|dit_token_{n}|>" for n in range(codes + spare)]
    vocab = {token: n for n, token in enumerate(visual + words)}
    added = [(vocab[token], token) for token in visual] + [(len(vocab) + n, token) for n, token in enumerate(special)]
    data["added_tokens"] = [{"id": n, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                             "special": token not in words_added} for n, token in added]
    data["model"].update(vocab=vocab, ignore_merges=True)
    if not pairs_as_lists:
        data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    return data, {token: n for n, token in added}


def write(folder, codes, min_pixels, max_pixels, spare=16, merges=240, pairs_as_lists=True):
    """Writes processor/ and tokenizer/ into the checkpoint `folder`; returns special token -> id and the vocabulary's size."""
    folder = Path(folder)
    processor, byt5 = folder / "processor", folder / "tokenizer"
    processor.mkdir(parents=True, exist_ok=True)
    byt5.mkdir(parents=True, exist_ok=True)

    data, special = build_tokenizer(codes, spare, merges, pairs_as_lists)
    (processor / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    (processor / "chat_template.jinja").write_text(chat_template(codes), encoding="utf-8")
    write_json(processor / "tokenizer_config.json", {
        "backend": "tokenizers", "bos_token": f"<|dit_token_{codes}|>", "clean_up_tokenization_spaces": False, "do_lower_case": False,
        "eos_token": "<|endoftext|>", "grid_bos_token": "<sop>", "grid_eos_token": "<eop>", "image_token": "<|image|>",
        "model_max_length": 128000,
        "model_specific_special_tokens": {"grid_bos_token": "<sop>", "grid_eos_token": "<eop>", "image_token": "<|image|>"},
        "pad_token": "<|endoftext|>", "padding_side": "left", "processor_class": "GlmImageProcessor", "remove_space": False,
        "tokenizer_class": "TokenizersBackend"})
    write_json(processor / "preprocessor_config.json", {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "GlmImageImageProcessor", "image_std": [0.5, 0.5, 0.5], "max_pixels": max_pixels, "merge_size": 1,
        "min_pixels": min_pixels, "patch_size": 16, "processor_class": "GlmImageProcessor", "resample": 3,
        "rescale_factor": 0.00392156862745098, "temporal_patch_size": 1})

    extra = [f"<extra_id_{n}>" for n in range(125)]
    write_json(byt5 / "added_tokens.json", {token: 259 + n for n, token in enumerate(extra)})
    write_json(byt5 / "special_tokens_map.json", {
        "additional_special_tokens": extra,
        **{name: {"content": token, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
           for name, token in (("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "<unk>"))}})
    write_json(byt5 / "tokenizer_config.json", {
        "added_tokens_decoder": {
            **{str(n): {"content": token, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": True}
               for n, token in enumerate(("<pad>", "</s>", "<unk>"))},
            **{str(259 + n): {"content": token, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
               for n, token in enumerate(extra)}},
        "additional_special_tokens": extra, "clean_up_tokenization_spaces": False, "eos_token": "</s>", "extra_ids": 0,
        "model_max_length": 1000000000000000019884624838656, "pad_token": "<pad>", "tokenizer_class": "ByT5Tokenizer", "unk_token": "<unk>"})
    return special, len(data["model"]["vocab"]) + len(SPECIAL)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
