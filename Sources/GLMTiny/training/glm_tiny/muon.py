"""Muon in f32: torch.optim's multiplies in bf16, which on a CPU without bf16 costs more than the rest of a training step."""
from __future__ import annotations

import torch

POLYNOMIAL = (3.4445, -4.7750, 2.0315)  # of Newton-Schulz, Jordan et al. 2024


def orthogonal(matrices: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """[n, rows, cols] -> the nearest matrices whose singular values are all about 1."""
    a, b, c = POLYNOMIAL
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(rounds):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Steps as large as AdamW's (0.2 in the mean square), so that one learning rate does for both; matrices of one shape go together."""

    def __init__(self, matrices: list[torch.nn.Parameter], lr: float, weight_decay: float = 0.01, momentum: float = 0.95):
        super().__init__(matrices, dict(lr=lr, weight_decay=weight_decay, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.nn.Parameter]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes.setdefault(matrix.shape, []).append(matrix)
            for shape, matrices in shapes.items():
                updates = []
                for matrix in matrices:
                    state = self.state[matrix]
                    if not state:
                        state["momentum_buffer"] = torch.zeros_like(matrix)
                    state["momentum_buffer"].lerp_(matrix.grad, 1 - group["momentum"])
                    updates.append(matrix.grad.lerp(state["momentum_buffer"], group["momentum"]))  # Nesterov's
                for matrix, update in zip(matrices, orthogonal(torch.stack(updates))):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"])
                    matrix.add_(update, alpha=-group["lr"] * 0.2 * max(shape) ** 0.5)
