"""The task `visual-question` of a reference file: every part of a Glm4v model on one conversation, computed by transformers in float32."""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoTokenizer, Glm4vForConditionalGeneration, Glm4vProcessor
from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil


class ImageProcessor(Glm4vProcessor):
    """Without videos, whose processor needs torchvision."""

    def check_argument_for_proper_class(self, name, argument):
        return None if name == "video_processor" else super().check_argument_for_proper_class(name, argument)


def load(folder):
    """The processor and the model in float32, quiet. The image processor is PIL's, which is the reference."""
    transformers.logging.set_verbosity_error()
    model, report = Glm4vForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"], report
    model = model.float().eval()
    template = (Path(folder) / "chat_template.jinja").read_text(encoding="utf-8")
    processor = ImageProcessor(Glm4vImageProcessorPil.from_pretrained(folder), AutoTokenizer.from_pretrained(folder), chat_template=template)
    return processor, model


def inputs(processor, messages, images, thinking):
    """The rendered text, and what the processor makes of it and of the images."""
    options = {} if thinking is None else {"enable_thinking": thinking}
    text = processor.tokenizer.apply_chat_template(messages, chat_template=processor.chat_template, tokenize=False, add_generation_prompt=True,
                                                   **options)
    return text, processor(text=[text], images=images or None, return_tensors="pt", return_mm_token_type_ids=True)


class Watch:
    """Keeps what a module is given or gives, by a name."""

    def __init__(self):
        self.values, self.handles = {}, []

    def before(self, module, name):
        self.handles.append(module.register_forward_pre_hook(lambda _, given: self.values.__setitem__(name, given[0])))

    def after(self, module, name):
        def keep(_, __, made):
            self.values.setdefault(name, made[0] if isinstance(made, tuple) else made)

        self.handles.append(module.register_forward_hook(keep))

    def end(self):
        for handle in self.handles:
            handle.remove()


def vision(model, given):
    """The tower's stages on all images."""
    tower, watch = model.model.visual, Watch()
    watch.before(tower.blocks[0], "vision.embeddings")
    watch.after(tower.post_layernorm, "vision.tower")
    made = tower(given["pixel_values"], grid_thw=given["image_grid_thw"])
    watch.end()
    return {**watch.values, "vision.downsampled": made.last_hidden_state, "vision.features": made.pooler_output}


def text(model, given, count, step):
    """Positions, hidden states and logits of the prompt, then the argmax continuation with the KV cache, nothing masked."""
    decoder, watch = model.model.language_model, Watch()
    watch.after(decoder.layers[0], "text.hidden_first")
    watch.after(decoder.layers[-1], "text.hidden_last")
    ids, grids = given["input_ids"], given.get("image_grid_thw")
    positions, delta = model.model.get_rope_index(ids, mm_token_type_ids=given["mm_token_type_ids"], image_grid_thw=grids)
    pictures = {} if grids is None else {"pixel_values": given["pixel_values"], "image_grid_thw": grids}
    made = model(input_ids=ids, mm_token_type_ids=given["mm_token_type_ids"], use_cache=True, **pictures)
    watch.end()
    record = {name: value[0] for name, value in watch.values.items()}
    record["text.position_ids"], record["text.rope_delta"] = positions[:, 0], delta.view(1)
    logits, cache, chosen, margins = made.logits[0, -1], made.past_key_values, [], []
    record["text.last_logits"] = logits
    for index in range(count):
        top = logits.topk(2).values
        margins.append(float(top[0] - top[1]))
        chosen.append(int(logits.argmax()))
        if index == step:
            record["text.step_logits"] = logits
        if index + 1 < count:
            place = torch.full((3, 1, 1), ids.shape[1] + index) + delta.view(1, 1, 1)
            made = model(input_ids=torch.tensor([[chosen[-1]]]), position_ids=place, past_key_values=cache, use_cache=True)
            logits, cache = made.logits[0, -1], made.past_key_values
    record["text.greedy_ids"] = torch.tensor(chosen)
    return record, margins


@torch.no_grad()
def reference(loaded, messages, images=(), thinking=None, count=24, step=7):
    """The tensors, the metadata, and figures for a person to look at."""
    processor, model = loaded
    images = list(images)
    rendered, given = inputs(processor, messages, images, thinking)
    record = {"prompt.text": torch.from_numpy(np.frombuffer(rendered.encode(), np.uint8).copy()), "processor.input_ids": given["input_ids"][0]}
    if images:
        record |= {f"processor.image.{n}": torch.from_numpy(np.asarray(image).copy()) for n, image in enumerate(images)}
        record["processor.pixel_values"], record["processor.image_grid_thw"] = given["pixel_values"], given["image_grid_thw"]
        record |= vision(model, given)
    made, margins = text(model, given, count, step)
    record |= made
    metadata = {"format": "glm-reference/1", "source": f"torch {torch.__version__}, transformers {transformers.__version__}",
                "task": "visual-question", "messages": json.dumps(messages, ensure_ascii=False), "add_generation_prompt": "true",
                "step": str(step)}
    if thinking is not None:
        metadata["enable_thinking"] = str(thinking).lower()
    return {name: tensor.contiguous().clone() for name, tensor in record.items()}, metadata, margins


def describe(record, margins):
    """Figures that show whether a random checkpoint is worth testing with."""
    lines = [f"{name:40} {str(t.dtype)[6:]:8} {str(list(t.shape)):22} " +
             (f"mean {t.mean():9.4f} std {t.std():9.4f} max {t.abs().max():9.4f}" if t.is_floating_point() else
              f"distinct {t.unique().numel()} of {t.numel()}, {int(t.min())}…{int(t.max())}") for name, t in record.items()]
    return "\n".join(lines + [f"greedy margins: median {np.median(margins):.3g}, {sum(m < 1e-3 for m in margins)} of {len(margins)} below 1e-3"])
