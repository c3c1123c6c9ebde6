"""Lets this repository's system answer the questions of a folder that `vqa_evaluate FOLDER --write` made: answers.jsonl, for its judge.

    vqa_ask FOLDER --glm .build/release/glm [--gateway unix:PATH] [--thinking]

Without a gateway one is started for all questions and ended with them.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def answer(line: dict, options: argparse.Namespace, gateway: str) -> dict:
    command = [str(options.glm), "ask", str(options.folder / line["picture"]), line["question"], "--json", "--gateway", gateway]
    command.append("--think" if options.thinking else "--no-think")
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {"id": line["id"], "answer": said["text"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--glm", type=Path, required=True)
    parser.add_argument("--gateway")
    parser.add_argument("--model", type=Path, help="for the gateway that is started; default: the one that the program carries")
    parser.add_argument("--thinking", action="store_true")
    parser.add_argument("--answers", type=Path)
    options = parser.parse_args()
    lines = [json.loads(line) for line in (options.folder / "questions.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as run:
        server, gateway = None, options.gateway
        if not gateway:
            gateway = f"unix:{run}/gateway.sock"
            command = [str(options.glm.parent / "glm-gateway"), "--run-directory", run, "--start", "vision,text", "--log-level", "warning",
                       "--exit-with-parent"]
            server = subprocess.Popen(
                command + (["--model", str(options.model)] if options.model else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            next(line for line in server.stdout if line.startswith("ready "))
        with ThreadPoolExecutor(4) as callers:
            answers = list(callers.map(lambda line: answer(line, options, gateway), lines))
        if server:
            server.terminate()
            server.wait()
    target = options.answers or options.folder / "answers.jsonl"
    target.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in answers))


if __name__ == "__main__":
    main()
