"""Reads the labels of images with other people's tools: Pillow, and ExifTool where it is installed.

usage: labels.py URL      of a gateway with --http and a small checkpoint, as in http://127.0.0.1:8000
"""

import base64
import io
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import xml.etree.ElementTree

from PIL import Image

KEYS = ["Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2"]
AIGC = "{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC"
SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def ask(path, **fields):
    fields |= {"prompt": "a cat", "num_inference_steps": 1, "seed": 3}
    request = urllib.request.Request(sys.argv[1] + path, json.dumps(fields).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return base64.b64decode(json.load(answer)["data"][0]["b64_json"])


def check(file, suffix, source_type):
    picture = Image.open(io.BytesIO(file))
    picture.load()
    packet = picture.info["xmp"]
    tree = xml.etree.ElementTree.fromstring(packet if isinstance(packet, bytes) else packet.encode())
    text = tree.find(f".//{AIGC}").text
    label = json.loads(text)
    assert list(label) == KEYS and all(isinstance(value, str) for value in label.values()), label
    assert label["Label"] == "1" and len(label["ProduceID"]) == 32, label
    assert tree.find(f".//{SOURCE_TYPE}").text == f"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"
    if shutil.which("exiftool"):
        with tempfile.NamedTemporaryFile(suffix=f".{suffix}") as copy:
            copy.write(file)
            copy.flush()
            told = json.loads(subprocess.run(["exiftool", "-j", "-validate", "-Aigc", copy.name], check=True, capture_output=True).stdout)[0]
        assert told["Aigc"] == text and told["Validate"].startswith("OK"), told
    return label


for format in "png", "jpeg", "webp":
    for size in "64x64", "50x40":
        check(ask("/v1/images/generations", size=size, output_format=format), format, "trainedAlgorithmicMedia")
again = [check(ask("/v1/images/generations", size="64x64"), "png", "trainedAlgorithmicMedia") for _ in range(2)]
assert again[0] == again[1], again
source = "data:image/png;base64," + base64.b64encode(ask("/v1/images/generations", size="64x64")).decode()
check(ask("/v1/images/edits", size="64x64", image=source), "png", "compositeWithTrainedAlgorithmicMedia")
print("labels are read", "by Pillow and ExifTool" if shutil.which("exiftool") else "by Pillow; ExifTool is not installed")
