"""Draws one picture after another with `glm bench fleet` and with diffusers in turn, and prints both times and their ratio.

    bench_picture.py GLM MODEL_DIR [--rounds 3] [--steps 20] [--pictures 3] [--threads 2] [--dtype f32 bf16]

GLM is the program, for example .build/release/glm. Both are warm: ours a fleet of processes behind its gateway, theirs a pipeline in
one process. Alternating, because a machine's speed drifts; run it where nothing else runs.
"""

import argparse
import json
import subprocess
import time
from statistics import median

import torch
from diffusers import GlmImagePipeline

PROMPT = "a red circle above a blue square"


def ours(options, dtype):
    """Milliseconds of a picture, and what of them is gateway and wire."""
    command = [options.glm, "bench", "fleet", "--model", options.model, "--steps", str(options.steps), "--threads", str(options.threads),
               "--precision", dtype, "--seconds", "3", "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return report["picture_milliseconds"], report["other_milliseconds"]


def theirs(pipeline, options):
    side = pipeline.vae.config.sample_size
    times = []
    for seed in range(options.pictures + 1):
        start = time.perf_counter()
        pipeline(prompt=PROMPT, height=side, width=side, num_inference_steps=options.steps, guidance_scale=1.5,
                 generator=torch.Generator("cpu").manual_seed(seed))
        times.append(1000 * (time.perf_counter() - start))
    return median(times[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("glm")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=3, help="of diffusers in a round, after one to warm up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", nargs="+", choices=["f32", "bf16"], default=["f32", "bf16"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for dtype in options.dtype:
        pipeline = GlmImagePipeline.from_pretrained(options.model, torch_dtype={"f32": torch.float32, "bf16": torch.bfloat16}[dtype])
        pipeline.set_progress_bar_config(disable=True)
        rounds = [(ours(options, dtype), theirs(pipeline, options)) for _ in range(options.rounds)]
        mine, others = median(own[0] for own, _ in rounds), median(other for _, other in rounds)
        ratios = ", ".join(f"{other / own[0]:.2f}" for own, other in rounds)
        print(f"{dtype}: ours {mine:.0f} ms, of them gateway and wire {median(own[1] for own, _ in rounds):.1f}; diffusers {others:.0f} ms; ratio by round {ratios}")


if __name__ == "__main__":
    main()
