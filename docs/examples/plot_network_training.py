# SPDX-License-Identifier: BSD-3-Clause
"""
How a network learns, and when it stops
=======================================

:class:`~sksymsim.SymmetricMLPClassifier` begins at calibrated cosine, learns by epochs,
and watches pairs of recordings that it does not train on. The curves say whether it had
enough.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from sksymsim import SymmetricMLPClassifier, load_spoken_digits, make_pairs

spoken = load_spoken_digits()
train = spoken.take >= 10
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=2000, random_state=0
)
test_pairs, y_test, _ = make_pairs(
    spoken.data[~train], spoken.speaker[~train], n_pairs=2000, random_state=1
)

# %%
# Held-out scores are the log-loss, with its sign turned, of pairs whose recordings are
# not in training; epoch zero is the cosine. The penalty `alpha` and the learning rate
# shape the curves.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for rate, style in ((1e-3, "-"), (1e-2, "--")):
    network = SymmetricMLPClassifier(
        (32,),
        learning_rate_init=rate,
        n_iter_no_change=8,
        max_iter=60,
        random_state=0,
    )
    # Each recording is a group of its own: what is held out are recordings.
    network = network.fit(pairs, y, groups=pairs.index)
    auc = roc_auc_score(y_test, network.decision_function(test_pairs))
    axes[0].plot(network.loss_curve_, style, label=f"rate {rate:g}")
    held_out = -np.asarray(network.validation_scores_)
    axes[1].plot(held_out, style, label=f"rate {rate:g}: test AUC {auc:.3f}")
    axes[1].plot(held_out.argmin(), held_out.min(), "ok")
axes[0].set(title="training", xlabel="epoch", ylabel="objective")
axes[1].set(title="held-out recordings", xlabel="epoch", ylabel="log-loss")
for ax in axes:
    ax.legend()
plt.show()

# %%
# The dots are the epochs that were kept. A greater rate gets there sooner, by a rougher
# road; training ends when eight epochs in a row were no better. More on this:
# :doc:`/networks`.
