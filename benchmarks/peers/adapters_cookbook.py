# SPDX-License-Identifier: BSD-3-Clause
"""The recipe "Customizing embeddings" of the OpenAI cookbook, written anew.

Both sides are multiplied by one matrix W, drawn at random and with many more columns
than needed. The cosine of the products is to be 1 for similar and -1 for dissimilar
pairs, in the mean square. W is trained by plain gradient steps on small batches of
shuffled pairs, with dropout on the embeddings, for some tens of epochs, and the epoch
that scores best is kept. The recipe finds that the learning rate should be about the
size of the batch, and looks for the best epoch on the test split: here it is dev.
"""

import numpy as np
import torch
from fitted import Fitted
from torch.nn.functional import cosine_similarity, dropout, mse_loss


def fit_cookbook(train_a, train_b, y, params):
    """Train W; every epoch is a checkpoint to choose from."""
    torch.manual_seed(params["seed"])
    a, b = torch.from_numpy(train_a), torch.from_numpy(train_b)
    wanted = torch.from_numpy(np.where(y == 1, 1.0, -1.0).astype(np.float32))
    weights = torch.randn(a.shape[1], params["columns"], requires_grad=True)
    size = params["batch_size"]
    optimizer = torch.optim.SGD([weights], lr=params["relative_rate"] * size)
    checkpoints = []
    for _ in range(params["epochs"]):
        for rows in torch.randperm(len(y)).split(size):
            products = (
                dropout(side[rows], params["dropout"]) @ weights for side in (a, b)
            )
            loss = mse_loss(cosine_similarity(*products), wanted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        checkpoints.append(_score(weights.detach().numpy()))
    facts = {"n_iter": params["epochs"]}
    return Fitted(checkpoints[-1], facts, checkpoints=checkpoints)


def _score(weights):
    # (aW)(bW)' = a WW' b': the square matrix is all that the cosine needs.
    gram = weights.astype(np.float64) @ weights.T

    def score(a, b):
        def inner(x, y):
            return np.einsum("ij,ij->i", x @ gram, y)

        return inner(a, b) / np.sqrt(np.maximum(inner(a, a) * inner(b, b), 1e-30))

    return score
