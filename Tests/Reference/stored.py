"""Safetensors files whose bytes depend on their content alone."""

import json
import struct

from safetensors.torch import save


def save_file(tensors, path, metadata):
    """As safetensors' own, but the metadata in alphabetical order: the library's order changes from run to run."""
    data = bytearray(save(tensors, metadata=metadata))
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    written = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    written += b" " * (-len(written) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(written)) + written + data[8 + length:])
