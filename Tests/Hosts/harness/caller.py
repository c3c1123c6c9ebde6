"""Callers in a process of their own, for a host that vanishes with them: caller.py gRPC-ADDRESS HTTP-ADDRESS KEY COUNT.

As many over gRPC as over HTTP, each with a connection of its own, ask for an image and read what comes.
"""

import json
import sys
import threading
import urllib.request

from client import Client, messages

# Of all callers together it takes the stages minutes.
SIDE, STEPS = 512, 200


def by_grpc(address, key, seed):
    Client(address, key).image(messages.GenerateImageRequest(prompt="a red circle", width=SIDE, height=SIDE, steps=STEPS, seed=seed))


def by_http(address, key, seed):
    body = {"prompt": "a red circle", "size": f"{SIDE}x{SIDE}", "num_inference_steps": STEPS, "seed": seed, "stream": True}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"http://{address}/v1/images/generations", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        answer.read()


grpc_address, http_address, key, count = sys.argv[1:]
for number in range(int(count)):
    work, address = (by_http, http_address) if number % 2 else (by_grpc, grpc_address)
    threading.Thread(target=work, args=(address, key, number)).start()
