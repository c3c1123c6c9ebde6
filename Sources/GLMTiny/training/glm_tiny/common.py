"""What all trainers share: flags, device, optimisers, the schedule, saved states, logs.

A run is a function of its seed and step number, never of the clock: step n draws its data from (seed, n). So a run may be
stopped at any moment, paused by a signal, or cut into pieces, and go on where it was.

The learning rate rises, stays, and falls over the last steps. While it stays the state can be resumed for ever; the state from
before the fall is kept in stable.pt, so a finished run can be taken up again from there. Write a number of steps into the file
`anneal` of the run's folder and a running trainer begins its fall at once.

Several processes train one model where torchrun starts them: each has its own data, gradients are averaged, process 0 saves.
"""
from __future__ import annotations

import argparse
import os
import signal
import time
from pathlib import Path
from typing import Callable

import numpy as np
import torch
import torch.distributed
from torch import nn

from .muon import Muon

# States and logs stay outside the tree and outlive a reboot.
WORK = Path.home() / ".cache" / "glm-tiny"


def arguments(name: str, steps: int, batch: int, rate: float) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"glm_tiny.{name}")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of states and logs, outside the tree")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or npu (npu needs torch_npu; never run by us)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=steps, help="step at which the run ends, its fall included")
    parser.add_argument("--fall", type=float, default=0.2, help="share of the steps over which the learning rate falls")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=rate, help="learning rate at its height")
    parser.add_argument("--seconds", type=float, default=0, help="save and leave after so many seconds (0: no limit)")
    parser.add_argument("--from-stable", action="store_true", help="go on from stable.pt, the state before the last fall")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model; pays from a few hundred steps on")
    return parser


RANK, RANKS = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))  # as torchrun sets them


def start(options: argparse.Namespace) -> torch.device:
    if options.device.startswith("npu"):
        import torch_npu  # noqa: F401  registers the device
    # oneDNN's and OpenMP's own pools follow this number; more threads than cores only wait for each other.
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    if RANKS > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo")  # gradients travel through the CPU: slow on devices, right everywhere
    return torch.device(options.device)


def fast_products(device: torch.device) -> torch.autocast:
    """bf16 products where the device has them; a CPU without is six times slower in bf16 than in f32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu" or torch.cpu._is_avx512_bf16_supported())


def data_rng(options: argparse.Namespace, step: int, stream: int = 0) -> np.random.Generator:
    return np.random.default_rng([options.seed, stream, step])


def step_rng(options: argparse.Namespace, step: int) -> np.random.Generator:
    """The source of one step's data; also seeds torch's own, for noise. Process 0 draws what a single process would."""
    torch.manual_seed(options.seed + step + 1_000_003 * RANK)
    return np.random.default_rng([options.seed, 0, step] + ([RANK] if RANK else []))


def optimisers(model: nn.Module, rate: float, matrices: Callable[[str], bool]) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices, AdamW for embeddings, norms, biases, convolutions and heads."""
    block = [p for n, p in model.named_parameters() if p.requires_grad and p.ndim == 2 and matrices(n)]
    chosen = {id(p) for p in block}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in chosen]
    result: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0)]
    if block:
        result.append(Muon(block, lr=rate))
    return result


class Trainer:
    """Runs `loss_of(step)` to its last step. `model` holds all that is trained; `ema` is its smoothed copy (a state dict)."""

    def __init__(self, name: str, model: nn.Module, options: argparse.Namespace, matrices: Callable[[str], bool], smoothing: float = 0.998):
        self.name, self.model, self.options, self.smoothing = name, model, options, smoothing
        self.folder = options.work / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.optimisers = optimisers(model, options.rate, matrices)
        self.ema = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self.step, self.cpu_seconds = 0, 0.0
        self.fall_from, self.fall_over = round(options.steps * (1 - options.fall)), max(1, round(options.steps * options.fall))
        path = self.folder / ("stable.pt" if options.from_stable else "state.pt")
        if path.exists():
            self._load(path)

    def _load(self, path: Path) -> None:
        state = torch.load(path, map_location=self.options.device, weights_only=False)
        self.model.load_state_dict(state["model"])
        self.ema = state["ema"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)
        self.step, self.cpu_seconds = state["step"], state["cpu_seconds"]
        falling = state.get("falling")
        if falling and self.step < sum(falling):  # a fall asked for by the file goes on as it was
            self.fall_from, self.fall_over = falling
        print(f"{self.name}: going on from step {self.step} ({path.name})", flush=True)

    def save(self, name: str = "state.pt") -> None:
        if RANK:
            return
        falling = (self.fall_from, self.fall_over) if self.step > self.fall_from else None
        state = dict(model=self.model.state_dict(), ema=self.ema, optimisers=[o.state_dict() for o in self.optimisers],
                     step=self.step, cpu_seconds=self.cpu_seconds, falling=falling)
        torch.save(state, self.folder / (name + ".part"))
        os.replace(self.folder / (name + ".part"), self.folder / name)

    def _rate(self) -> float:
        if self.step < 100:
            return (self.step + 1) / 100
        left = (self.fall_from + self.fall_over - self.step) / self.fall_over
        return min(1.0, max(0.0, left))

    def _asked_to_fall(self) -> None:
        request = self.folder / "anneal"
        if RANK == 0 and self.step % 10 == 0 and request.exists():
            if self.step < self.fall_from:
                self.fall_from, self.fall_over = self.step, int(request.read_text().strip() or 200)
            request.unlink()

    def _agree(self, stop: bool) -> bool:
        """Process 0 says whether to stop and when the rate falls."""
        said = torch.tensor([int(stop), self.fall_from, self.fall_over])
        torch.distributed.broadcast(said, 0)
        stop, self.fall_from, self.fall_over = said.tolist()
        return bool(stop)

    def _average_gradients(self) -> None:
        """A parameter that one process has no gradient for counts as zero there."""
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters]).cpu()
        torch.distributed.all_reduce(flat)
        for p, grad in zip(parameters, (flat / RANKS).split([p.numel() for p in parameters])):
            p.grad = grad.view_as(p).to(p.device)

    def run(self, loss_of: Callable[[int], tuple[torch.Tensor, dict[str, float]]]) -> bool:
        """True when the run has come to its last step, False when it was stopped by its limit of seconds or by SIGTERM."""
        begin, cpu_begin, cpu_saved = time.monotonic(), time.process_time(), time.process_time()
        cpu_before, seen = self.cpu_seconds, {}
        self.model.train()
        stop = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(True))  # a killed run loses nothing
        while self.step < self.fall_from + self.fall_over:
            self._asked_to_fall()
            stopping = bool(stop) or bool(self.options.seconds and time.monotonic() - begin > self.options.seconds)
            if RANKS > 1:
                stopping = self._agree(stopping)
            if stopping:
                self.save()
                return False
            if self.step == self.fall_from:
                self.save("stable.pt")
            for optimiser in self.optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = self.options.rate * self._rate()
                optimiser.zero_grad(set_to_none=True)
            loss, logs = loss_of(self.step)
            loss.backward()
            if RANKS > 1:
                self._average_gradients()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for optimiser in self.optimisers:
                optimiser.step()
            self.step += 1
            self._smooth()
            for key, value in {"loss": loss.item(), **logs}.items():
                seen.setdefault(key, []).append(value)
            self.cpu_seconds = cpu_before + time.process_time() - cpu_begin
            if self.step % 50 == 0:
                line = " ".join(f"{key} {np.mean(values):.4f}" for key, values in seen.items())
                self.log(f"step {self.step} {line} rate {self._rate():.3f} cpu {self.cpu_seconds:.0f} s")
                seen = {}
            if time.process_time() - cpu_saved > 60:
                self.save()
                cpu_saved = time.process_time()
        self.save()
        return True

    @torch.no_grad()
    def _smooth(self) -> None:
        keep = min(self.smoothing, (1 + self.step) / (10 + self.step))
        for key, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.ema[key].lerp_(value, 1 - keep)
            else:
                self.ema[key].copy_(value)

    def log(self, line: str) -> None:
        if RANK:
            return
        print(f"{self.name}: {line}", flush=True)
        with open(self.folder / "log.txt", "a") as file:
            file.write(line + "\n")


def smoothed(work: Path, name: str) -> dict[str, torch.Tensor]:
    """The weights a finished or running part would be exported with."""
    return torch.load(work / name / "state.pt", map_location="cpu", weights_only=False)["ema"]
