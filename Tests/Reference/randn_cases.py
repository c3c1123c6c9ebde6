"""Noise cases: torch.randn on a CPU generator. Below 16 elements torch draws another way (pairs from doubles), so sizes stand on both sides."""

import torch

from stored import save_file

SEEDS = (0, 42, 2**32 + 5)
SIZES = (1, 7, 15, 16, 17, 100, 1024, 5000)


def write(path):
    """Tensors `seed.<seed>.size.<n>`, F32 [n], each from a generator seeded anew; `seed.<seed>.again` is the second draw of 17 after one of 5."""
    tensors = {}
    for seed in SEEDS:
        for size in SIZES:
            tensors[f"seed.{seed}.size.{size}"] = torch.randn(size, generator=torch.Generator("cpu").manual_seed(seed))
        generator = torch.Generator("cpu").manual_seed(seed)
        torch.randn(5, generator=generator)
        tensors[f"seed.{seed}.again"] = torch.randn(17, generator=generator)
    save_file(tensors, path, metadata={"source": f"torch {torch.__version__}"})
