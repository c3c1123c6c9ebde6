"""Sends a gateway the bytes that OpenAI's JavaScript library 7.5.0 sends under Node 20, and looks at the answers.

usage: node_requests.py URL    of a gateway with --http, as in http://127.0.0.1:8000

The heads are those of Node's own fetch, with the library's headers added by hand: it was not recorded itself. A file that is read as a stream
comes first in its form, without a type of its own, in a chunked body.
"""

import base64
import http.client
import json
import socket
import struct
import sys
import zlib

host, port = sys.argv[1].removeprefix("http://").split(":")
BOUNDARY = "----formdata-undici-065596538222"


def ask(method, path, body=None, headers=()):
    """One request with the library's head; a list as body is sent in chunks of its own. Returns status, headers and bytes."""
    lines = [
        f"{method} {path} HTTP/1.1", f"host: {host}:{port}", "connection: keep-alive", "accept: application/json",
        "user-agent: OpenAI/JS 7.5.0", "x-stainless-lang: js", "x-stainless-package-version: 7.5.0", "x-stainless-os: Linux",
        "x-stainless-arch: x64", "x-stainless-runtime: node", "x-stainless-runtime-version: v20.20.2", "x-stainless-retry-count: 0",
        "authorization: Bearer none", *headers, "accept-language: *", "sec-fetch-mode: cors", "accept-encoding: gzip, deflate",
    ]
    if isinstance(body, bytes):
        lines.append(f"content-length: {len(body)}")
    elif body is not None:
        lines.append("transfer-encoding: chunked")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        if isinstance(body, bytes):
            connection.sendall(body)
        elif body is not None:
            for piece in body:
                connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return answer.status, answer.headers, answer.read()


def png(side):
    """A grey picture."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x80" * 3 * side) * side)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def part(name, value, filename=None):
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if filename:
        head += f'; filename="{filename}"\r\nContent-Type: application/octet-stream'
    return head.encode() + b"\r\n\r\n" + value + b"\r\n"


def first(answer):
    status, headers, data = answer
    assert status == 200 and headers["x-request-id"], (status, data)
    return json.loads(data)["data"][0]


JSON = ["content-type: application/json"]
FORM = [f"content-type: multipart/form-data; boundary={BOUNDARY}"]
small = {"prompt": "a cat", "n": None, "size": "64x64", "num_inference_steps": 2, "seed": 3}
made = first(ask("POST", "/v1/images/generations", json.dumps(small).encode(), JSON))
assert base64.b64decode(made["b64_json"]).startswith(b"\x89PNG")
# Clients of Azure add a query.
assert first(ask("POST", "/v1/images/generations?api-version=2025-04-01-preview", json.dumps(small).encode(), JSON)) == made

texts = [("prompt", "a \"dog\""), ("size", "64x64"), ("num_inference_steps", "2"), ("seed", "3"), ("stream", "false")]
files = [part("image[]", png(40), 'a %22b%22.png'), part("image[]", png(48), "unknown_file")]
form = [part(name, value.encode()) for name, value in texts]
end = f"--{BOUNDARY}--\r\n".encode()
whole = first(ask("POST", "/v1/images/edits", b"".join(files + form) + end, FORM))
# In pieces that end anywhere.
stream = b"".join(files + form) + end
assert first(ask("POST", "/v1/images/edits", [stream[i : i + 37] for i in range(0, len(stream), 37)], FORM)) == whole

status, headers, events = ask("POST", "/v1/images/generations", json.dumps({**small, "stream": True}).encode(), JSON)
assert status == 200 and headers["content-type"] == "text/event-stream", (status, headers)
assert b"\nevent: image_generation.completed\ndata: {" in b"\n" + events and b"\nid:" not in events and b"\nretry:" not in events

for method, path, body, headers, status, code in [
    ("POST", "/v1/images/generations", b'{"prompt":"x","n":11}', JSON, 400, "invalid_value"),
    ("POST", "/v1/images/generations", b"x", ["content-type: text/plain"], 415, "unsupported_media_type"),
    ("GET", "/v1/images/generations", None, [], 405, "method_not_allowed"),
    ("GET", "/v1/nothing", None, [], 404, "unknown_url"),
    ("GET", "/v1/models/none", None, [], 404, "model_not_found"),
    ("POST", "/v1/images/generations", b" " * ((1 << 20) + 1), JSON, 413, "request_too_large"),
]:
    got, _, data = ask(method, path, body, headers)
    error = json.loads(data)["error"]
    assert (got, error["code"]) == (status, code) and error["message"] and error["type"] == "invalid_request_error", (path, got, error)
print("requests of OpenAI's JavaScript library are served")
