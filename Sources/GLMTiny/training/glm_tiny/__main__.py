"""All stages in order: python -m glm_tiny --out FOLDER. Every stage resumes, so the command may be stopped and given again.

Flags it does not know go to every trainer (--device cuda, --seconds 540, --work FOLDER).
"""
from __future__ import annotations

import argparse
from pathlib import Path

from . import ar, common, decoder, dit, evaluate, export, glyph, latents, vae, vq

parser = argparse.ArgumentParser(prog="glm_tiny", description=__doc__)
parser.add_argument("--out", type=Path, required=True, help="folder of the finished checkpoint")
parser.add_argument("--work", type=Path, default=common.WORK)
parser.add_argument("--count", type=int, default=220, help="held-out cases to judge at the end")
options, rest = parser.parse_known_args()
for stage in (vae, vq, ar, glyph, latents, dit, decoder):
    stage.main(["--work", str(options.work), *rest])
export.main([str(options.out), "--work", str(options.work)])
evaluate.main(["--model", str(options.out), "--count", str(options.count)])
