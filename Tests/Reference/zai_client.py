"""Asks a gateway as users of Z.ai's Python library do: images, stored requests, questions, errors.

usage: zai_client.py URL       of a gateway with --http and the two small checkpoints, as in http://127.0.0.1:8000

Needs zai-sdk; tried with 0.2.3.
"""

import base64
import pathlib
import sys
import time
import urllib.request

from zai import ZaiClient
from zai.core import APIStatusError

client = ZaiClient(api_key="ID.SECRET", base_url=sys.argv[1] + "/api/paas/v4", max_retries=0)
small = {"size": "64x64", "extra_body": {"num_inference_steps": 2, "seed": 3}}


def picture(url):
    """The file that a link opens."""
    with urllib.request.urlopen(url) as file:
        return file.read()


made = client.images.generations(model="tiny-f32", prompt="a cat", quality="hd", user_id="user-123", request_id="r", **small)
first = picture(made.data[0].url)
assert first.startswith(b"\x89PNG")

stored = client.images.async_generations(model="tiny-f32", prompt="a cat", request_id="mine", **small)
assert stored.request_id == "mine" and stored.task_status == "PROCESSING", stored
while (result := client.images.retrieve_images_result(stored.id)).task_status == "PROCESSING":
    time.sleep(0.1)
assert result.task_status == "SUCCESS" and picture(result.image_result[0].url) == first, result

uri = "data:image/png;base64," + base64.b64encode((pathlib.Path(__file__).parent.parent / "Fixtures/images/grey.png").read_bytes()).decode()
content = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "what is it?"}]
messages = [{"role": "user", "content": content}]
settings = {"model": "tiny-answer-f32", "messages": messages, "max_tokens": 8, "seed": 3}
plain = client.chat.completions.create(**settings)
chunks = client.chat.completions.create(**settings, stream=True)
words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
assert words == (plain.choices[0].message.content or ""), (words, plain)

for status, call in [
    (400, lambda: client.images.generations(model="tiny-f32", prompt="x", user_id="short")),
    (400, lambda: client.images.async_generations(model="tiny-f32", prompt="x", size="50x50")),
    (404, lambda: client.images.generations(model="none", prompt="x", **small)),
    (404, lambda: client.images.retrieve_images_result("none")),
]:
    try:
        call()
    except APIStatusError as error:
        assert error.status_code == status, error
    else:
        raise AssertionError(f"no {status}")
print("Z.ai's library is served")
