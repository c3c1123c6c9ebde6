"""Asks a gateway questions as users of LiteLLM and of LangChain do: plain, streamed, with a picture.

usage: chat_clients.py URL     of a gateway with --http and the small checkpoint that answers questions, as in http://127.0.0.1:8000

Needs litellm and langchain-openai; tried with 1.110.2 and 1.7.4.
"""

import base64
import os
import pathlib
import sys

# Without it LiteLLM looks for prices on the network.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

base = sys.argv[1] + "/v1"
model = "tiny-answer-f32"
picture = pathlib.Path(__file__).parent.parent / "Fixtures/images/grey.png"
uri = "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
content = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": uri, "detail": "auto"}}]
messages = [{"role": "user", "content": content}]

litellm.telemetry = False
settings = {"model": f"openai/{model}", "api_base": base, "api_key": "none", "messages": messages, "max_tokens": 8, "seed": 3}
plain = litellm.completion(**settings, user="somebody")
words = plain.choices[0].message.content or ""
assert plain.usage.total_tokens > plain.usage.completion_tokens > 0, plain
chunks = litellm.completion(**settings, stream=True, stream_options={"include_usage": True})
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == words
try:
    litellm.completion(**settings, tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}])
except litellm.BadRequestError as error:
    assert "tools" in str(error), error
else:
    raise AssertionError("tools were accepted")

chat = ChatOpenAI(model=model, base_url=base, api_key="none", max_tokens=8, seed=3)
answer = chat.invoke([HumanMessage(content=content)])
assert answer.text == words and answer.usage_metadata["total_tokens"] == plain.usage.total_tokens, (answer, plain)
assert "".join(chunk.text for chunk in chat.stream([HumanMessage(content=content)])) == words
print("LiteLLM and LangChain are served")
