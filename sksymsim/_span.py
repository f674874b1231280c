# SPDX-License-Identifier: BSD-3-Clause
"""Fewer rows than features: the fit takes place in the span of the rows.

Outside of it the loss sees nothing, so there the solution is a multiple of the prior.
For the priors that have a name, theta_0 has no entries between the span and the rest,
and is a multiple of the identity in the rest. So the problem within the span is the
whole problem, and its optimum is the same, semidefinite or not.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from sksymsim._blocks import dense, working_dtype
from sksymsim._distinct import distinct_rows
from sksymsim._forms import difference

# Below this share of the features, turning to fewer of them pays.
FEW_ROWS = 0.7
# So many rows for each feature are looked through for repeated ones.
MOST_COPIES = 4


@dataclass(frozen=True)
class Span:
    """The span of some rows.

    Parameters
    ----------
    basis : ndarray of shape (n_features, n_dimensions)
        Orthonormal columns.
    """

    basis: np.ndarray

    def complement(self):
        """Return orthonormal columns of all that the span leaves out."""
        full, _ = qr(self.basis)
        return full[:, self.basis.shape[1] :]

    def lifted(self, factor, signs, outside):
        """Return the factor and the signs of a whole matrix.

        Parameters
        ----------
        factor : ndarray of shape (n_components, n_dimensions)
            Of the matrix within the span, the longest rows first.
        signs : ndarray of shape (n_components,)
        outside : float
            What the identity is multiplied with in the rest.
        """
        factor = factor @ self.basis.T
        if outside == 0:
            return factor, signs
        rest = np.sqrt(abs(outside)) * self.complement().T
        factor = np.vstack([factor, rest])
        signs = np.concatenate([signs, np.full(len(rest), np.sign(outside))])
        order = np.argsort(-np.einsum("ij,ij->i", factor, factor), kind="stable")
        return factor[order], signs[order]


def find_span(pairs, form, needs_items):
    """Return the span of the rows that a fit looks at, None if it is not small.

    Parameters
    ----------
    pairs : Pairs
        Only rows in use, if they are index pairs.
    form : Form
    needs_items : bool
        Whether the prior looks at single items, and not at their differences only.
    """
    n_pairs, _, n_features = pairs.shape
    differences = not needs_items and all(t.sides is difference for t in form.terms)
    n_items = 2 * n_pairs if pairs.items is None else pairs.items.shape[0]
    n_rows = min(n_pairs, n_items) if differences else n_items
    if n_rows > MOST_COPIES * n_features:
        return None
    if n_rows == n_items and pairs.items is not None:
        rows = dense(pairs.items).astype(np.float64)
    else:
        left, right = (dense(s).astype(np.float64) for s in pairs.block(slice(None)))
        rows = left - right if differences else np.vstack([left, right])
    # A pair that is repeated is to count as one of twice the weight.
    rows, _ = distinct_rows(rows)
    if len(rows) > FEW_ROWS * n_features:
        return None
    # A scale for rows that are very long or very short.
    size = np.abs(rows).max()
    return Span(qr(rows.T / (size or 1.0), mode="economic")[0])


def project_pairs(pairs, span):
    """Return pairs whose items are given by their coordinates in a span."""
    dtype = working_dtype(*(table.dtype for table in pairs._tables))
    return pairs.map_items(lambda rows: np.asarray(rows @ span.basis).astype(dtype))
