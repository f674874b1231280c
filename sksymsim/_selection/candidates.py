# SPDX-License-Identifier: BSD-3-Clause
"""What a search compares: the family of this library, two baselines, and guests."""

from dataclasses import dataclass, field
from itertools import chain, product

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline

from sksymsim._blocks import working_dtype
from sksymsim._forms import FORMS, both
from sksymsim._selection.guests import with_seed
from sksymsim._selection.ready_made import N_DRAWS, READY_MADE
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer

# A penalty under which nothing but scale and intercept of the prior is learned.
PRIOR_ONLY = 1e9
# The plainest first, as in FORMS: what a tie within the noise is decided by.
PLAIN_PRIORS = ("identity", "covariance", "kissme")
# What is among the baselines already.
EUCLID = (np.inf, None, "identity", "mahalanobis")


@dataclass(frozen=True)
class Candidate:
    """One model that a search may choose.

    Parameters
    ----------
    family : str
        What it is a setting of: a stack takes one candidate of each family.
    params : dict
        The setting.
    estimator : estimator
        Not fitted.
    plainness : tuple
        Smaller is plainer; compares with that of any other candidate.
    is_guest : bool, default=False
        Whether it is fitted as it is: the user named or brought it.
    n_draws : int, default=1
        How many fits, with other seeds, the final model takes the mean of.
    """

    family: str
    params: dict
    estimator: object
    plainness: tuple
    is_guest: bool = False
    n_draws: int = 1


@dataclass(frozen=True)
class Path:
    """Candidates that differ in ``alpha`` alone, from the largest to the smallest."""

    form: str
    prior: str
    shrinkage: float
    candidates: list = field(default_factory=list)

    @property
    def alphas(self):
        """The penalties; infinity is the prior alone."""
        return [c.params["alpha"] for c in self.candidates]


@dataclass(frozen=True)
class Space:
    """A normalisation of the items, and the paths that are searched in it.

    Parameters
    ----------
    normalizer : EmbeddingNormalizer or None
        None takes the items as they are.
    paths : list of Path
    """

    normalizer: object
    paths: list

    def by_form(self):
        """Return the paths of each form: they share what is prepared of the pairs."""
        forms = dict.fromkeys(path.form for path in self.paths)
        return [[p for p in self.paths if p.form == form] for form in forms]


def pair_model(normalizer, **params):
    """Return an unfitted Pipeline of a normaliser of items and the classifier."""
    model = SymmetricPairClassifier(**params)
    if normalizer is None:
        return make_pipeline(model)
    return make_pipeline(SharedTransformer(clone(normalizer)), model)


def search_spaces(lists, samples, settings):
    """Return the spaces to search, the baselines first.

    Parameters
    ----------
    lists : dict of list
        What to search in, by the parameters of the search.
    samples : list of Pairs
        The training pairs of each split.
    settings : dict
        Of every classifier.

    Returns
    -------
    spaces : list of Space
    """
    sizes = [size for size in lists["pca_components"] if size < samples[0].shape[2]]
    # The items are looked at only where there can be so many components.
    if sizes:
        limit = min(map(most_components, samples))
        sizes = [size for size in sizes if size <= limit]
    family = family_spaces(
        item_spaces(lists["whitenings"], sizes),
        lists["forms"],
        lists["priors"],
        lists["shrinkages"],
        lists["alphas"],
        settings,
    )
    return baseline_spaces(settings) + family


def baseline_spaces(settings):
    """Return plain cosine and plain Euclid, of which only two numbers are learned."""
    spaces = []
    for name, normalizer in (
        ("cosine", EmbeddingNormalizer(center=False, whiten=0.0, norm=True)),
        ("euclid", None),
    ):
        params = {"form": "mahalanobis", "prior": "identity", "alpha": np.inf}
        model = pair_model(normalizer, **settings | {"alpha": PRIOR_ONLY})
        candidate = Candidate(name, params, model, (-1, len(spaces)))
        path = Path("mahalanobis", "identity", 0.1, [candidate])
        spaces.append(Space(normalizer, [path]))
    return spaces


def item_spaces(whitenings, pca_components):
    """Return what is done to the items, as pairs of (what it is called, transformer).

    Parameters
    ----------
    whitenings : sequence of float or None
    pca_components : sequence of int
    """
    spaces = [
        ({"whiten": w}, None if w is None else EmbeddingNormalizer(whiten=w))
        for w in whitenings
    ]
    for n_components in pca_components:
        # The same solver for any number of items, and no random numbers.
        pca = PCA(n_components, svd_solver="covariance_eigh")
        reduced = make_pipeline(pca, EmbeddingNormalizer(whiten=0.0))
        spaces.append(({"pca": n_components, "whiten": 0.0}, reduced))
    return spaces


def most_components(pairs):
    """Return the greatest number of principal components of the items of some pairs.

    Less than features and, as items are centred, less than items. None where the
    squares of their differences cannot be held, or all items are one.
    """
    items = pairs.to_index().items
    info = np.finfo(working_dtype(items.dtype))
    gaps = items.max(axis=0).astype(np.float64) - items.min(axis=0)
    with np.errstate(over="ignore"):
        size = float(gaps @ gaps)
    if not float(info.tiny) < size < float(info.max) / len(items):
        return 0
    return min(items.shape) - 1


def family_spaces(items, forms, priors, shrinkages, alphas, settings):
    """Return the whole family, in each space of the items.

    Parameters
    ----------
    items : list of (dict, transformer or None)
        As of :func:`item_spaces`.
    forms, priors : sequence of str
    shrinkages : sequence of float
        Of the priors that are not "identity".
    alphas : sequence of float
    settings : dict
        Parameters that all classifiers have.
    """
    alphas = [np.inf, *sorted(set(alphas), reverse=True)]
    spaces = []
    for space, normalizer in items:
        paths = [
            _path(space, normalizer, form, prior, shrinkage, alphas, settings)
            for form, prior in product(forms, priors)
            for shrinkage in (shrinkages[:1] if prior == "identity" else shrinkages)
            if prior != "kissme" or _has_likelihood_ratio(form)
        ]
        spaces.append(Space(normalizer, paths))
    return spaces


def _has_likelihood_ratio(form):
    """Say whether differences of inverse covariances make one: no dot product does."""
    return all(term.sides is not both for term in FORMS[form].terms)


def _path(space, normalizer, form, prior, shrinkage, alphas, settings):
    shown = space | {"form": form, "prior": prior}
    if prior != "identity":
        shown["shrinkage"] = shrinkage
    family = ", ".join(f"{key}={value}" for key, value in shown.items())
    path = Path(form, prior, shrinkage)
    for alpha in alphas:
        if (alpha, normalizer, prior, form) == EUCLID:
            continue
        params = {"form": form, "prior": prior, "shrinkage": shrinkage}
        params["alpha"] = alpha if np.isfinite(alpha) else PRIOR_ONLY
        plainness = (
            list(FORMS).index(form),
            PLAIN_PRIORS.index(prior),
            -alpha,
            space["whiten"] or 0.0,
            "pca" in space,
        )
        path.candidates.append(
            Candidate(
                family,
                shown | {"alpha": alpha},
                pair_model(normalizer, **settings | params),
                plainness,
            )
        )
    return path


def guest_candidates(candidates, seed):
    """Return a candidate for each setting of the estimators that the user wants.

    Parameters
    ----------
    candidates : list of str, (name, estimator) or (name, estimator, grid)
        A str is the name of some that are ready-made.
    seed : int
        For each `random_state` that is None.
    """
    result = []
    guests = chain.from_iterable(map(_as_guests, candidates))
    for family, estimator, grid, n_draws in guests:
        for params in ParameterGrid(grid):
            model = with_seed(clone(estimator).set_params(**params), seed)
            plainness = (len(FORMS), len(result))
            guest = Candidate(family, params, model, plainness, True, n_draws)
            result.append(guest)
    return result


def _as_guests(entry):
    """Return family, estimator, grid and draws of each one that an entry stands for."""
    if isinstance(entry, str):
        return [(*one, N_DRAWS.get(entry, 1)) for one in READY_MADE[entry]()]
    name, estimator, *grid = entry
    return [(name, estimator, grid[0] if grid else {}, 1)]
