"""Asks a gateway as users of OpenAI's Python library do: images, edits, streams, questions, errors, a client that leaves.

usage: http_client.py URL      of a gateway with --http and the two small checkpoints, as in http://127.0.0.1:8000

Needs openai; tried with 1.109.1 and 3.57.0.
"""

import base64
import io
import struct
import sys
import time
import urllib.error
import urllib.request

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0)
SMALL = {"num_inference_steps": 2, "seed": 3}


def size(image):
    """Width and height of a PNG in base64."""
    data = base64.b64decode(image.b64_json)
    assert data.startswith(b"\x89PNG"), data[:8]
    return struct.unpack(">II", data[16:24])


def refusal(status, code, call):
    try:
        call()
    except openai.APIStatusError as error:
        assert (error.status_code, error.code) == (status, code), (error.status_code, error.code, error.message)
        assert error.request_id
    else:
        raise AssertionError(f"no {code}")


models = [model.id for model in client.models.list()]
assert len(models) == 2, models
answers, images = sorted(models, key=lambda name: "answer" not in name)
assert client.models.retrieve(images).id == images

made = client.images.generate(prompt="a cat", model=images, size="64x64", n=2, extra_body=SMALL)
assert [size(image) for image in made.data] == [(64, 64)] * 2 and made.data[0].b64_json != made.data[1].b64_json
first = base64.b64decode(made.data[0].b64_json)
cropped = client.images.generate(prompt="a cat", size="50x40", extra_body=SMALL)
assert size(cropped.data[0]) == (50, 40) and cropped.size == "50x40"

assert made.usage.input_tokens == made.usage.input_tokens_details.text_tokens > 0 and made.usage.output_tokens > 8, made.usage

linked = client.images.generate(prompt="a cat", size="64x64", response_format="url", extra_body=SMALL).data[0].url
with urllib.request.urlopen(linked) as file:
    assert file.read() == first and file.headers["content-type"] == "image/png" and file.headers["cache-control"] == "private"
    assert file.headers["x-content-type-options"] == "nosniff" and file.headers["content-disposition"].startswith("inline; filename=")
# Its caller needs no signature; a wrong one opens nothing.
assert urllib.request.urlopen(linked.split("?")[0]).read() == first
for path, status in [(linked[:-1] + ("0" if linked[-1] != "0" else "1"), 403), (sys.argv[1] + "/v1/files/none/content", 404)]:
    try:
        urllib.request.urlopen(path)
    except urllib.error.HTTPError as error:
        assert error.code == status, error
    else:
        raise AssertionError(path)

key = {"Idempotency-Key": "3f1c"}
once = [client.images.generate(prompt="a cow", size="64x64", extra_headers=key, extra_body={"num_inference_steps": 2}) for _ in range(2)]
# Without a seed two requests have two pictures.
assert once[0].data[0].b64_json == once[1].data[0].b64_json and once[0].id == once[1].id

edited = client.images.edit(prompt="a dog", image=[("a.png", first), ("b.png", io.BytesIO(first))], size="64x64", extra_body=SMALL)
assert size(edited.data[0]) == (64, 64) and edited.usage.input_tokens_details.image_tokens > 0

# Two steps have one partial image at most.
events = list(client.images.generate(prompt="a cat", size="64x64", stream=True, partial_images=2, extra_body=SMALL))
assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"], events
assert events[0].partial_image_index == 0 and size(events[0]) == (32, 32) and events[0].size == "64x64" and events[0].output_format == "png"
assert events[1].b64_json == made.data[0].b64_json
events = list(
    client.images.edit(
        prompt="a dog", image=first, size="64x96", stream=True, partial_images=3, extra_body={"num_inference_steps": 8}))
assert [event.type for event in events] == ["image_edit.partial_image"] * 3 + ["image_edit.completed"], events
assert [event.partial_image_index for event in events[:3]] == [0, 1, 2] and size(events[2]) == (32, 48)

uri = "data:image/png;base64," + made.data[0].b64_json
messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "what is it?"}]}]
plain = client.chat.completions.create(model=answers, messages=messages, max_tokens=8, seed=3)
assert plain.usage.total_tokens > plain.usage.completion_tokens > 0
chunks = list(
    client.chat.completions.create(
        model=answers, messages=messages, max_tokens=8, seed=3, stream=True, stream_options={"include_usage": True}))
words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
assert words == (plain.choices[0].message.content or ""), (words, plain)
assert chunks[-1].usage.total_tokens == plain.usage.total_tokens

refusal(400, "invalid_value", lambda: client.images.generate(prompt="x", n=11))
refusal(400, "unknown_parameter", lambda: client.images.generate(prompt="x", extra_body={"stepz": 3}))
refusal(400, "invalid_value", lambda: client.images.generate(prompt="x", extra_body={"num_inference_steps": 300}))
refusal(400, "unsupported_parameter", lambda: client.images.edit(image=first, mask=first, prompt="x"))
refusal(400, "invalid_image", lambda: client.images.edit(image=b"no image", prompt="x"))
refusal(422, "idempotency_mismatch", lambda: client.images.generate(prompt="x", extra_headers=key))
refusal(400, "invalid_image_url", lambda: client.images.edit(image=first, prompt="x", extra_body={"url": "https://example.org/a.png"}))
refusal(404, "model_not_found", lambda: client.images.generate(prompt="x", model="gpt-image-1"))
refusal(400, "unsupported_value", lambda: client.chat.completions.create(model=images, messages=messages))

# A client that leaves its stream ends the work, which would take minutes; the next request finds the stages free.
with client.images.generate(prompt="a cat", size="512x512", stream=True, extra_body={"num_inference_steps": 200}) as stream:
    stream.response.close()
begin = time.monotonic()
client.images.generate(prompt="a cat", size="64x64", extra_body=SMALL)
assert time.monotonic() - begin < 60
print("OpenAI's library", openai.__version__, "is served")
