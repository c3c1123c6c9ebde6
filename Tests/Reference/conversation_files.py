"""The text side of a small GLM-4.1V or GLM-4.6V-Flash folder: tokenizer, chat template and image processor, flat as zai-org lays them out.

The templates write what those of the published models write of texts and images; the branches for tools are shortened.
"""

import json
from pathlib import Path

from tokenizer_files import build_tokenizer, write_json

COMMON = ["<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>",
          "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"]

# Each in the published order. What a model writes itself survives decoding without special tokens: it is not flagged special.
SPECIAL = {
    "4.1v": [*COMMON, "<|image|>", "<|video|>", "<think>", "</think>", "<answer>", "</answer>"],
    "4.6v": [*COMMON, "<|begin_of_audio|>", "<|end_of_audio|>", "<|begin_of_transcription|>", "<|end_of_transcription|>", "<|code_prefix|>",
             "<|code_middle|>", "<|code_suffix|>", "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
             "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "/nothink", "<|begin_of_box|>", "<|end_of_box|>", "<|image|>", "<|video|>"],
}
WRITTEN = {"<think>", "</think>", "<answer>", "</answer>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<arg_key>",
           "</arg_key>", "<arg_value>", "</arg_value>", "/nothink", "<|begin_of_box|>", "<|end_of_box|>"}

ENDS = {"4.1v": ["<|endoftext|>", "<|user|>", "<|observation|>", "</answer>"], "4.6v": ["<|endoftext|>", "<|user|>", "<|observation|>"]}

TEMPLATES = {
    "4.1v": """[gMASK]<sop>
{%- for msg in messages %}
    {%- if msg.role == 'system' %}
<|system|>
{{ msg.content }}
    {%- elif msg.role == 'user' %}
<|user|>{{ '\\n' }}
        {%- if msg.content is string %}
{{ msg.content }}
        {%- else %}
            {%- for item in msg.content %}
                {%- if item.type == 'video' or 'video' in item %}
<|begin_of_video|><|video|><|end_of_video|>
                {%- elif item.type == 'image' or 'image' in item %}
<|begin_of_image|><|image|><|end_of_image|>
                {%- elif item.type == 'text' %}
{{ item.text }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
    {%- elif msg.role == 'assistant' %}
        {%- if msg.metadata %}
<|assistant|>{{ msg.metadata }}
{{ msg.content }}
        {%- else %}
<|assistant|>
{{ msg.content }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|assistant|>
{% endif -%}
""",
    "4.6v": """[gMASK]<sop>
{%- if tools -%}
<|system|>
# Tools
{% for tool in tools %}{{ tool | tojson(ensure_ascii=False) }}
{% endfor %}
{%- endif -%}
{%- macro visible_text(content) -%}
    {%- if content is string -%}
        {{- content }}
    {%- elif content is iterable and content is not mapping -%}
        {%- for item in content -%}
            {%- if item is mapping and item.type == 'text' -%}
                {{- item.text }}
            {%- elif item is mapping and (item.type == 'image' or 'image' in item) -%}
                <|begin_of_image|><|image|><|end_of_image|>
            {%- elif item is string -%}
                {{- item }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{- content }}
    {%- endif -%}
{%- endmacro -%}
{%- set ns = namespace(last_user_index=-1) %}
{%- for m in messages %}
    {%- if m.role == 'user' %}
        {%- set ns.last_user_index = loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- for m in messages %}
{%- if m.role == 'user' -%}
<|user|>
{{ visible_text(m.content) }}
{{- '/nothink' if (enable_thinking is defined and not enable_thinking and not visible_text(m.content).endswith("/nothink")) else '' -}}
{%- elif m.role == 'assistant' -%}
<|assistant|>
{%- set reasoning_content = '' %}
{%- set content = visible_text(m.content) %}
{%- if m.reasoning_content is string %}
    {%- set reasoning_content = m.reasoning_content %}
{%- else %}
    {%- if '</think>' in content %}
        {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
{%- endif %}
{%- if loop.index0 > ns.last_user_index and reasoning_content -%}
{{ '\\n<think>' + reasoning_content.strip() + '</think>' }}
{%- else -%}
{{ '\\n<think></think>' }}
{%- endif -%}
{%- if content.strip() -%}
{{ '\\n' + content.strip() }}
{%- endif -%}
{%- elif m.role == 'tool' -%}
<|observation|>
<tool_response>
{{ visible_text(m.content) }}
</tool_response>
{%- elif m.role == 'system' -%}
<|system|>
{{ visible_text(m.content) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|assistant|>
{{ '<think></think>\\n' if (enable_thinking is defined and not enable_thinking) else '' }}
{%- endif -%}
""",
}


def write(folder, family, processor, nested, merges=200, pairs_as_lists=True):
    """Writes the text side into the checkpoint `folder`; returns special token -> id and the vocabulary's size.

    `family`: "4.1v" or "4.6v". `processor`: the image processor's own numbers. `nested`: in processor_config.json, as 5.x saves it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data, special = build_tokenizer(0, 0, merges, pairs_as_lists, SPECIAL[family], WRITTEN)
    (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATES[family], encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {
        "clean_up_tokenization_spaces": False, "do_lower_case": False, "eos_token": "<|endoftext|>", "model_max_length": 128000,
        "pad_token": "<|endoftext|>", "padding_side": "left", "processor_class": "Glm4vProcessor", "remove_space": False,
        "tokenizer_class": "PreTrainedTokenizerFast"})
    image = {"do_rescale": True, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "Glm4vImageProcessor",
             "image_std": [0.26862954, 0.26130258, 0.27577711], "merge_size": 2, "temporal_patch_size": 2, **processor}
    if nested:
        write_json(folder / "processor_config.json", {"image_processor": image, "processor_class": "Glm4vProcessor"})
    else:
        write_json(folder / "preprocessor_config.json", {**image, "processor_class": "Glm4vProcessor"})
    return special, len(data["model"]["vocab"]) + len(special)
