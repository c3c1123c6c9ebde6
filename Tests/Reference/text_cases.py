"""Text cases with the answers of the real libraries: tokens, glyph strings, rendered prompts, sizes, T5 buckets.

A test in another language reads these and needs no Python. Sizes and prompts are chosen for the places where a rewrite goes wrong: regex
alternatives that compete for a blank, case folding, Python's rounding to even, the pad rule of the glyph strings.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoProcessor
from transformers.models.glm_image.image_processing_pil_glm_image import smart_resize
from transformers.models.t5.modeling_t5 import T5Attention

TEXTS = [
    "", " ", "  ", "   a", "a", "a ", "a  ", "A red sign that says Open", " A red sign", "hello world", "Hello, world!", "hello  world",
    "hello   world   ", "one\ntwo", "one\n\ntwo", "one \n two", "one\r\ntwo\r\n", "\n", "\n\n\n", " \n", "\n ", "\t\ttabs\tand spaces ", "trailing \t",
    "isn't it", "ISN'T IT", "they're we've I'm you'll he'd", "THEY'RE WE'VE I'M YOU'LL HE'D", "rock'n'roll", "'s", "''s", "x'S", "'\u017f long s", "don\u2019t",
    "1", "12", "123", "1234", "1234567", "3.14159", "2024-05-17", "10,000", "a1b22c333d4444", "x²+y³", "Ⅷ chapter", "１２３４ full width", "٣٤٥ arabic digits", "½ cup",
    "一张海报，上面写着“欢迎光临”。", "画一只小猫", "狐狸", "狐狸和小猫", "中文 English 混排 123", "「早安」", "日本語のテキスト", "한국어 텍스트", "ภาษาไทย", "हिन्दी पाठ",
    "e\u0301 combining", "é precomposed", "a\u0300\u0301\u0302b", "नमस्ते", "Zalgo h\u0310e\u0315l\u0321lo", "🙂", "a 🙂 b", "👩‍👩‍👧‍👦 family", "🇨🇳 flag", "emoji🙂glued", "✂️ variation",
    "...", "?!?!", "a...b", " ...", "foo(bar)[baz]{qux}", "#hashtag @user", "path/to/file.txt", "C++ && C#", "$100 €50 ¥20", "~!@#$%^&*()_+", "!\n\n!", ")\r\n)", "a_b_c", "-- dash – em — bar",
    "\u00a0nbsp\u00a0", "\u3000ideographic\u3000space", "a\u2003em space", "zero\u200bwidth", "\ufeffbom", "soft\u00adhyphen", "\u0085next line", "line\u2028separator", "a\u000bb\u000cc",
    "\u0000nul", "\u007f delete", "\ufffd replacement", "𝒜𝓑 math", "𠀀𠀁 rare han", "Ω ohm K kelvin", "ǅ titlecase", "ﬁ ligature", "ʰ modifier", "ªº ordinals",
    " zebra", "a zebra", "zebra", "xylo", "xylophone", "a quantum zebra",
    "a<|image|>b", "<|image|>", " <|image|> ", "<|image|><|image|>", "<sop>3 5<eop>", "<|dit_token_5|>", "<|dit_token_16|><|dit_token_17|>", "<|dit_token_99999|>", "<|endoftext|>", "[gMASK]<sop><|user|>",
    "<|unknown|>", "<|image", "|image|>", "<sop", "a <|user|>\nb", "<sop>中<eop>文", "x [MASK] y",
]

PROMPTS = [
    "no quotes at all", "", "a sign that says \"Open\"", "'Tea' and \"Coffee\"", "it's a dog's life", "it's one", "“你好”和「世界」", "『not these』", "\"\"", "''", "“”「」",
    "\"unclosed", "“nested “inner” outer”", "「a「b」c」", "\"a\" \"b\" \"c\"", "\"three\" 'mixed' “kinds” 「here」", "\"line\nbreak\"", "\" leading and trailing \"", "\"emoji 🙂\" and 'é'",
    "\"中文\" then '英文 text'", "\"it's\"", "'say \"hi\" now'", "a 'b\"c' d\"e", "\"</s>\"", "\"a <pad> b\"", "\"<unk>\" '<extra_id_0>'", "\"tab\there\"", "“mixed\" quotes”", "\"" + "long " * 12 + "\"",
    "\"" + "x" * 2100 + "\"", "\"" + "x" * 2047 + "\" 'y'", "'a' 'bb' 'ccc' 'dddd'",
]

SIZES = [(512, 512), (1024, 1024), (1000, 1000), (500, 500), (1500, 900), (4000, 3000), (768, 1360), (256, 256), (1040, 1040), (64, 64), (64, 96), (96, 64),
         (63, 63), (65, 65), (80, 80), (48, 192), (192, 48), (48, 193), (16, 16), (15, 64), (64, 15), (16, 64), (17, 65), (100, 37), (37, 100), (720, 1280), (1080, 1920),
         (2048, 2048), (2049, 2049), (4096, 1024), (4096, 1025), (1024, 4096), (3000, 3001), (2160, 3840), (528, 528), (544, 544), (560, 560), (576, 1000), (513, 777), (511, 511), (111, 222),
         (72, 88), (88, 72), (120, 136), (10000, 2500), (10000, 10000), (16, 17), (33, 33), (47, 47), (49, 49)]

SMALL_TARGETS = [(96, 160), (256, 128), (64, 64)]
TARGETS = [*SMALL_TARGETS, (512, 512), (1024, 1024), (1152, 768), (768, 1152), (1024, 1152), (32, 32), (32, 128), (2048, 512), (512, 2048), (1056, 992)]


def write(out, checkpoints, glyph_pipeline):
    """Writes text/*.json. `checkpoints`: name -> folder; `glyph_pipeline`: a loaded GlmImagePipeline, for its own glyph rule."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name, folder in checkpoints.items():
        processor = AutoProcessor.from_pretrained(Path(folder) / "processor")
        save(out / f"tokens-{name}.json", {"checkpoint": name, "cases": [
            {"text": text, "ids": processor.tokenizer(text).input_ids} for text in TEXTS]})
        save(out / f"prompts-{name}.json", {"checkpoint": name, "cases": prompt_cases(processor)})
    save(out / "glyphs.json", {"cases": glyph_cases(glyph_pipeline)})
    save(out / "smart-resize.json", {"cases": resize_cases()})
    save(out / "t5-buckets.json", {"cases": bucket_cases()})


def prompt_cases(processor):
    """Prompt, target size and source sizes -> the text that is tokenised, its ids and the grids. (`<|image|>` in a prompt is refused.)"""
    cases = []
    for prompt in ("A red sign", "画一只小猫，写着“你好”", "", "ends with space "):
        for height, width in TARGETS if prompt == "A red sign" else SMALL_TARGETS:
            for sources in ([], [(64, 96)], [(64, 96), (128, 64)]) if (height, width) in SMALL_TARGETS else ([],):
                images = [Image.fromarray(np.zeros((h, w, 3), np.uint8)) for h, w in sources]
                messages = [{"role": "user", "content": [{"type": "image", "image": i} for i in images] + [{"type": "text", "text": prompt}]}]
                rendered = processor.apply_chat_template(messages, tokenize=False)
                _, layout, *_ = processor.prepare_inputs_layout(images=images or None, text=[rendered], target_h=height, target_w=width)
                inputs = processor.apply_chat_template(messages, tokenize=True, target_h=height, target_w=width,
                                                       return_dict=True, return_tensors="pt")
                cases.append({"prompt": prompt, "height": height, "width": width, "sources": [list(s) for s in sources],
                              "rendered": layout[0], "ids": inputs["input_ids"][0].tolist(), "grids": inputs["image_grid_thw"].tolist()})
    return cases


def glyph_cases(pipeline):
    """Prompt -> quoted strings -> ByT5 ids and mask, caught where the pipeline hands them to its text encoder."""
    cases, caught = [], {}
    encoder = pipeline.text_encoder
    original = encoder.forward

    def catch(input_ids, attention_mask):
        caught.update(ids=input_ids.tolist(), mask=attention_mask.tolist())
        return original(input_ids, attention_mask=attention_mask)

    encoder.forward = catch
    try:
        for prompt in PROMPTS:
            pipeline._get_glyph_embeds(prompt, 2048, "cpu", encoder.dtype)
            cases.append({"prompt": prompt, "strings": pipeline.get_glyph_texts(prompt)[0], **caught})
    finally:
        encoder.forward = original
    return cases


def resize_cases():
    """Source height and width, processor limits -> the resized height and width, or null where the reference refuses."""
    cases = []
    for low, high in ((512 * 512, 2048 * 2048), (4096, 262144), (5000, 100000)):
        for height, width in SIZES:
            try:
                result = list(smart_resize(height, width, 16, low, high))
            except ValueError:
                result = None
            cases.append({"height": height, "width": width, "factor": 16, "min_pixels": low, "max_pixels": high, "result": result})
    return cases


def bucket_cases():
    """Relative position (key − query) -> T5 bucket, as float32 logarithms give it."""
    positions = torch.arange(-300, 301)
    return [{"num_buckets": buckets, "max_distance": distance, "first": -300,
             "buckets": T5Attention._relative_position_bucket(positions, True, buckets, distance).tolist()}
            for buckets, distance in ((32, 128), (16, 64), (20, 50), (8, 16))]


def save(path, value):
    """One case a line: small diffs, readable in a pager."""
    cases = value.pop("cases")
    head = "".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=True)},\n" for k, v in value.items())
    body = ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases)
    path.write_text("{" + head + '"cases": [\n' + body + "\n]}\n", encoding="utf-8")
