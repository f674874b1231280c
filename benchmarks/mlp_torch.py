# SPDX-License-Identifier: BSD-3-Clause
"""The network of SymmetricMLPClassifier beside the same one in PyTorch.

Same first weights, same pairs, same batches, Adam with the same numbers: the losses of
all batches have to agree in float64, and the seconds of an epoch in float32 are
compared: medians of five, by turns, the first run not counted, one thread for both.
The PyTorch network is written as one would write it: autograd, a layer of mirrored
weights as two products of both sides side by side, `weight_decay` for the penalty.

Run it by a Python that has PyTorch, see ``peers/environments.py``::

    PYTHONPATH=. .benchmark-envs/torch/bin/python benchmarks/mlp_torch.py \\
        --out benchmarks/results/mlp_torch.csv
"""

import argparse
import csv
import itertools
import os
import statistics
import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from sksymsim import Pairs
from sksymsim._labelled_pairs import LabelledPairs
from sksymsim._networks.inputs import Batches, measure_inputs
from sksymsim._networks.network import PairNetwork
from sksymsim._networks.optimizers import Adam
from sksymsim._networks.poolings import POOLINGS
from sksymsim._networks.training import NetworkObjective, run_epoch

N_ITEMS, N_FEATURES, BATCH = 4_000, 384, 200
TOWER, HEAD = (256,), (32,)
RATE, ALPHA = 1e-3, 1e-2
N_EPOCHS, N_RUNS = 3, 5


def make_objective(network, n_pairs, dtype, rng):
    """Return the objective of a network on made-up pairs."""
    items = rng.standard_normal((N_ITEMS, N_FEATURES)).astype(dtype)
    index = rng.integers(N_ITEMS, size=(n_pairs, 2))
    near = np.abs(items[index[:, 0], :3] - items[index[:, 1], :3]).sum(axis=1)
    pairs = Pairs.from_index(items, index)
    sample = LabelledPairs(pairs, near < np.median(near), np.ones(n_pairs))
    inputs, cosines = measure_inputs(sample)
    batches = Batches(sample, inputs, cosines, dtype)
    return NetworkObjective(network, batches, ALPHA, True)


class TorchNetwork(torch.nn.Module):
    """The same network, from the same vector of parameters."""

    def __init__(self, network, theta):
        super().__init__()
        _, tower, self.cross, self.pooling, _, _ = network.architecture
        views = network.split(theta)
        self.steps = torch.nn.ModuleList(
            torch.nn.ParameterList(torch.tensor(array) for array in arrays)
            for arrays in views[:-1]
        )
        self.last = torch.nn.Parameter(torch.tensor(views[-1]))
        self.n_tower = len(tower)

    def forward(self, a, b, cosine):
        for arrays in self.steps[: self.n_tower]:
            if self.cross:
                A, B, c = arrays
                both = torch.cat([A, B])
                a, b = (
                    torch.relu(torch.cat(sides, dim=1) @ both + c)
                    for sides in ((a, b), (b, a))
                )
            else:
                a, b = (torch.relu(side @ arrays[0] + arrays[1]) for side in (a, b))
        z = getattr(self, self.pooling)(a, b, self.steps[self.n_tower])
        for weights, constant in self.steps[self.n_tower + 1 : -1]:
            z = torch.relu(z @ weights + constant)
        return (z @ self.steps[-1][0])[:, 0] + self.last[0] + self.last[1] * cosine

    @staticmethod
    def distance(a, b, arrays):
        return (a - b).abs()

    @staticmethod
    def product(a, b, arrays):
        return a * b

    @staticmethod
    def sum(a, b, arrays):
        return a + b

    @staticmethod
    def mean_max(a, b, arrays):
        return torch.cat([(a + b) / 2, torch.maximum(a, b)], dim=1)

    @staticmethod
    def attention(a, b, arrays):
        query, key, value, layer, constant, seed = arrays
        x = torch.stack([a, b], dim=1)
        scores = (x @ query) @ (x @ key).transpose(1, 2) / x.shape[2] ** 0.5
        x = x + torch.softmax(scores, dim=2) @ (x @ value)
        x = x + torch.relu(x @ layer + constant)
        return (torch.softmax(x @ seed, dim=1) * x).sum(dim=1)


def make_torch(objective, theta):
    """Return a function that runs an epoch in PyTorch and returns the losses."""
    model = TorchNetwork(objective.network, theta)
    weights = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": ALPHA}, {"params": others}]
    optimizer = torch.optim.Adam(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    batches = objective.batches
    items, index, targets, cosines = (
        torch.from_numpy(np.ascontiguousarray(array))
        for array in (
            batches.pairs.items,
            batches.pairs.index,
            batches.targets,
            batches.cosines,
        )
    )

    def epoch(order):
        losses = []
        for start in range(0, len(order), BATCH):
            rows = torch.from_numpy(order[start : start + BATCH])
            a, b = items[index[rows, 0]], items[index[rows, 1]]
            optimizer.zero_grad()
            scores = model(a, b, cosines[rows])
            loss = torch.nn.functional.softplus(-targets[rows] * scores).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return epoch


def our_losses(objective, theta, orders):
    """Return the loss of each batch before its step, without the penalty."""
    theta, gradient = theta.copy(), np.empty_like(theta)
    views, gradients = objective.network.split(theta), objective.network.split(gradient)
    adam = Adam(theta.size, theta.dtype, RATE, 0.9, 0.999, 1e-8)
    losses = []
    for order in orders:
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            losses.append(objective.on_batch(views, gradients, rows, len(rows)))
            objective.add_penalty(views, gradients)
            adam.step(theta, gradient)
    return losses


def compare(pooling, cross, n_pairs):
    """Return a row: how far the losses are apart, and the seconds of an epoch."""
    network = PairNetwork(N_FEATURES, TOWER, cross, pooling, HEAD, "relu")
    rng = np.random.default_rng(0)
    start = network.start(np.random.RandomState(0))
    # The last layer begins at zero, and half of the gradients with it.
    start[-HEAD[-1] - 2 : -2] = rng.normal(size=HEAD[-1]) / 10

    objective = make_objective(network, n_pairs, np.float64, rng)
    orders = [rng.permutation(n_pairs) for _ in range(N_EPOCHS)]
    ours = our_losses(objective, start, orders)
    epoch = make_torch(objective, start)
    theirs = list(itertools.chain.from_iterable(map(epoch, orders)))
    gap = float(np.max(np.abs(np.array(ours) - theirs)))

    objective = make_objective(network, n_pairs, np.float32, rng)
    theta = start.astype(np.float32)
    epoch = make_torch(objective, theta)
    adam = Adam(theta.size, np.float32, RATE, 0.9, 0.999, 1e-8)
    # An order of its own for each run, drawn off the clock for PyTorch.
    seconds = {"ours": [], "torch": []}
    for run in range(N_RUNS + 1):
        begin = time.perf_counter()
        run_epoch(objective, theta, adam, BATCH, np.random.RandomState(run))
        middle = time.perf_counter()
        order = np.random.RandomState(run).permutation(n_pairs)
        second = time.perf_counter()
        epoch(order)
        seconds["torch"].append(time.perf_counter() - second)
        seconds["ours"].append(middle - begin)
    ours, theirs = (statistics.median(seconds[k][1:]) for k in ("ours", "torch"))
    return {
        "pooling": pooling,
        "cross_weights": cross,
        "n_pairs": n_pairs,
        "n_batches": len(orders) * -(-n_pairs // BATCH),
        "greatest_gap_of_losses": f"{gap:.1e}",
        "seconds": f"{ours:.4f}",
        "torch_seconds": f"{theirs:.4f}",
        "speed": f"{theirs / ours:.2f}",
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=4_000)
    parser.add_argument("--out", help="a CSV file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    print(f"load {os.getloadavg()[0]:.2f}; speed: seconds of PyTorch / our seconds")
    with threadpool_limits(1):
        for pooling, cross in itertools.product(POOLINGS, (False, True)):
            rows.append(compare(pooling, cross, arguments.pairs))
            print(rows[-1], flush=True)
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
