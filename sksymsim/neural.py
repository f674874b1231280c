# SPDX-License-Identifier: BSD-3-Clause
"""SymmetricMLPClassifier: a symmetric network, learned from labelled pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state

from sksymsim._callbacks import watched
from sksymsim._labelled_pairs import label_pairs
from sksymsim._networks.attributes import NetworkAttributesMixin
from sksymsim._networks.fitting import Recipe, fit_network, fit_with_validation
from sksymsim._networks.held_out import hold_out
from sksymsim._networks.options import PARAMETERS, NetworkOptions, make_network
from sksymsim._networks.partial_fit import PartialFitMixin
from sksymsim._prediction import PairScoreMixin
from sksymsim._reporting import say_if
from sksymsim._validation.networks import warn_if_not_trained
from sksymsim._validation.parameters import check_parameters
from sksymsim._validation.splits import check_group_labels

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Labels, PairsLike, Seed, Strings

__all__ = ["SymmetricMLPClassifier"]


class SymmetricMLPClassifier(
    PartialFitMixin,
    NetworkAttributesMixin,
    PairScoreMixin,
    ClassifierMixin,
    BaseEstimator,
):
    """A network on pairs that cannot tell the two sides apart.

    Learns the log-odds that two vectors are similar::

        s(a, b) = k + g cos(a, b) + head(pooling(tower(a, b)))

    where the layers of the tower have mirrored weights, (a, b) -> (act(aA + bB + c),
    act(bA + aB + c)), so that exchanging the sides exchanges the two towers; the
    pooling makes one vector of both that does not change then; and the head is a small
    network on that. Training begins at k + g cos(a, b), the cosine scaled to log-odds
    by maximum likelihood, with zero for the last layer; and minimises::

        sum_i w_i log(1 + exp(-t_i s_i)) / sum_i w_i + alpha/2 sum W^2

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256,)
        Widths of the layers of the tower; () pools the items as they are.
    activation : {"relu", "tanh", "identity", "logistic"}, default="relu"
        The function act of all layers but the last.
    cross_weights : bool, default=False
        Whether the sides see each other in the tower. Without, B is 0: the Siamese
        network, one and the same transformation of both sides.
    pooling : {"distance", "product", "sum", "attention", "mean_max"}, \
            default="distance"
        What makes one vector of the two towers (a, b):

        - "distance": ``|a - b|`` [1]_;
        - "product": ``a * b``; with a linear head a weighted dot product;
        - "sum": ``a + b``; the head then is rho in rho(phi(a) + phi(b)), of which every
          symmetric function is one if the layers are wide enough [2]_;
        - "attention": a block of a set transformer on the set of both [3]_;
        - "mean_max": mean and maximum, as graph networks aggregate neighbours.

    head_layer_sizes : int, array-like of int or "auto", default="auto"
        Widths of the layers between the pooling and the log-odds; () is a linear head.
        "auto" is that for "distance" and "product", which compare the sides, and (32,)
        for the other poolings, which leave that to the head.
    cosine_skip : bool, default=True
        Whether g is learned. False holds it at 0, and training begins at the rate of
        similar pairs.
    solver : {"adam", "lbfgs"}, default="adam"
        "adam" looks at `batch_size` pairs at a time [4]_; "lbfgs" is SciPy's L-BFGS-B
        on all pairs, in float64, for small data.
    alpha : float, default=0.03
        Half of it multiplies the sum of the squares of all weights of layers, pooling
        and head (`coefs_`), which is added to the **mean** loss; constants, g and k are
        not penalised. So it is `alpha` of scikit-learn's ``MLPClassifier`` divided by
        the number of pairs, and means the same for any number.
    batch_size : int or "auto", default="auto"
        Pairs shown to "adam" at a time. "auto" is a 25th of the pairs, but from 16 to
        200. While pairs are held out, batches are smaller in proportion, so that an
        epoch is as many steps as with all pairs.
    learning_rate_init : float, default=1e-3
        The step size of "adam".
    max_iter : int, default=200
        The most epochs of "adam", or iterations of "lbfgs".
    shuffle : bool, default=True
        Whether "adam" shows the pairs in another order in each epoch.
    random_state : int, RandomState instance or None, default=None
        For the first weights, the order of the pairs and the validation pairs. Pass an
        int for the same results at every call.
    tol : float, default=1e-4
        For "adam", and for "lbfgs" with `early_stopping`: an epoch that improves the
        loss, or the validation score, by less than this is one without progress. For
        "lbfgs" also the largest entry of the gradient at which it stops.
    verbose : int, default=0
        0 is silent, 1 prints the loss of each epoch.
    warm_start : bool, default=False
        Whether `fit` begins at the weights of the last fit, if the architecture is the
        same. The means of "adam" begin anew.
    early_stopping : bool, default=True
        Whether to hold out pairs, to stop when their score (`validation_scores_`) does
        not improve, and to keep the weights of the epoch at which it was the best; the
        start counts as one, so that the model stays the scaled cosine where the network
        does harm. Held-out pairs are of other groups than those of training or, without
        `groups`, of other entities: items that chains of similar pairs join. They
        are of other items where these entities cannot be divided. Pairs between the two
        parts are left out. The log-odds then get the scale and the shift that suit the
        held-out pairs best: what is new is less certain.
    validation_fraction : float, default=0.1
        The share of held-out pairs, among those that are used. Of few entities or
        groups (effectively fewer than 3 in that share), 0.3 at least, in five ways
        whose scores are averaged; with ``refit=False`` in one.
    refit : bool, default=True
        Whether to train anew on all pairs, for as many epochs as were best on the
        held-out ones; only with `early_stopping`.
    beta_1 : float, default=0.9
        The decay of the mean of the gradient in "adam".
    beta_2 : float, default=0.999
        The decay of the mean of its square.
    epsilon : float, default=1e-8
        Added to the root of the latter.
    n_iter_no_change : int, default=10
        Epochs in a row without progress that end training.
    max_fun : int, default=15000
        The most evaluations of "lbfgs".

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    coefs_ : list of ndarray of shape (n_in, n_out)
        The weights: of each layer of the tower A, and B if there is one; then those of
        the pooling; then those of the head. They apply to items less their mean over
        the training pairs, divided by one number.
    intercepts_ : list of ndarray of shape (n_out,)
        The constants c of the layers, in the same order.
    cosine_scale_ : float
        g.
    intercept_ : float
        k.
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.
    n_iter_ : int
        Epochs of "adam", or iterations of "lbfgs".
    loss_curve_ : list of float
        The objective after each iteration of "lbfgs"; for "adam" its mean over the
        batches of each epoch, before their steps.
    validation_scores_ : list of float or None
        The negative mean log-loss of the held-out pairs, at the scale and shift that
        are best for them: at the start, and after each epoch. None without
        `early_stopping`.
    best_validation_score_ : float or None
        The greatest of them, that of the weights that were kept.

    See Also
    --------
    SymmetricPairClassifier : Polynomials of degree two: convex, and no seed.
    PairShuffleSplit : How pairs are held out.

    Notes
    -----
    The score is symmetric bit for bit, for any weights and any dtype. A layer of
    mirrored weights is block-diagonal in a + b and a - b, so it takes two matrix
    products, not four. Items are centred and divided by one number; whatever else they
    want is the task of a :class:`SharedTransformer` before. float32 and float16 items
    are trained on in float32 by "adam". Items of index pairs are gathered for each
    batch.

    A ``KeyboardInterrupt`` during the training of `fit` ends it with a warning; the
    model then has the best weights so far: of the best epoch with `early_stopping`, the
    last ones without. Before training, and in `partial_fit`, it is raised, and an
    earlier fit stays as it was.

    References
    ----------
    .. [1] Koch, G., Zemel, R. and Salakhutdinov, R. Siamese neural networks for
       one-shot image recognition. ICML deep learning workshop 2015.
    .. [2] Zaheer, M. et al. Deep sets. NeurIPS 2017.
    .. [3] Lee, J. et al. Set transformer. ICML 2019.
    .. [4] Kingma, D. and Ba, J. Adam: a method for stochastic optimization. ICLR 2015.

    Examples
    --------
    >>> from sksymsim import SymmetricMLPClassifier, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricMLPClassifier((64,), random_state=0)
    >>> model = model.fit(pairs[:700], y[:700])
    >>> model.score(pairs[700:], y[700:]) > 0.8
    True
    >>> p = model.predict_proba(pairs)
    >>> bool((p == model.predict_proba(pairs.swap())).all())
    True
    """

    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings
    n_iter_: int
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    def __init__(
        self,
        hidden_layer_sizes: int | ArrayLike = (256,),
        activation: Literal["relu", "tanh", "identity", "logistic"] = "relu",
        *,
        cross_weights: bool = False,
        pooling: Literal[
            "distance", "product", "sum", "attention", "mean_max"
        ] = "distance",
        head_layer_sizes: int | ArrayLike = "auto",
        cosine_skip: bool = True,
        solver: Literal["adam", "lbfgs"] = "adam",
        alpha: float = 0.03,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate_init: float = 1e-3,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Seed = None,
        tol: float = 1e-4,
        verbose: int = 0,
        warm_start: bool = False,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        refit: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.cross_weights = cross_weights
        self.pooling = pooling
        self.head_layer_sizes = head_layer_sizes
        self.cosine_skip = cosine_skip
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.refit = refit
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    # -------------------------------------------------------------------- fitting

    def fit(
        self,
        X: PairsLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn the network.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs. scikit-learn cannot split a tuple: for cross-validation and
            grid search wrap the sides, ``Pairs(X_a, X_b)``.
        y : array-like of shape (n_pairs,)
            Two labels of any kind; the greater one means "similar".
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights, of which only the ratios matter.
        groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
            The group of each side: entity, class, speaker. Those of the pairs held out
            for `early_stopping` are not in training. Without, they are told by the
            similar pairs. Where items of deployment are those of training, pass
            ``groups=pairs.index``: then single items are held out.

        Returns
        -------
        self : SymmetricMLPClassifier

        Raises
        ------
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If a parameter, the shape or the values of the arguments cannot be used; if
            pairs are to be held out and cannot be. An earlier fit is then still there
            and usable.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` or `max_fun` ended training.
        UserWarning
            If an interrupt did; if single items are held out, and more than half of
            the pairs are neither trained on nor held out then.
        ContradictoryLabelsWarning
            If labels contradict each other, as of :class:`SymmetricPairClassifier`.
        LabelOrderWarning
            If the greater label seems to mean dissimilar, likewise.
        """
        check_parameters(self, PARAMETERS)
        known, classes = label_pairs(X, y, sample_weight)
        if groups is not None:
            groups = check_group_labels(groups, len(known))
        labels = known.labels(classes)
        with watched(self, known.pairs, labels, sample_weight, None) as task:
            # Pairs without weight go first of all, so that they cannot matter.
            known = replace(known, groups=groups).of_weight()
            self._fit_known(known, classes, task)
        return self

    def _fit_known(self, known, classes, task):
        rng = check_random_state(self.random_state)
        recipe = self._recipe(known.pairs.shape[2])
        with task.iterations(lambda net: {"classes_": classes, "_model": net}) as watch:
            recipe = replace(recipe, watch=watch)
            if self.early_stopping:
                parts = hold_out(known, self.validation_fraction, rng)
                trained = fit_with_validation(
                    recipe, known, parts, rng, refit=self.refit
                )
            else:
                trained = fit_network(recipe, known, None, rng)
        warn_if_not_trained(trained, recipe.options, stacklevel=4)

        self.classes_ = classes
        self._model, self._stream = trained.model, None
        self._remember_features(known.pairs)
        self.n_iter_ = trained.n_iter
        progress = trained.progress
        self.loss_curve_ = progress.losses
        self.validation_scores_ = progress.scores if self.early_stopping else None
        self.best_validation_score_ = progress.best if self.early_stopping else None
        measured = {"validation_score": self.best_validation_score_}
        self._write_card(known.pairs, known.similar, measured)

    def _recipe(self, n_features, known=None):
        """Return what to fit: from `known`, or for a warm start from the last fit."""
        network = make_network(self, n_features)
        if known is None and self.warm_start:
            known = vars(self).get("_model")
            if known is not None and known.network.architecture != network.architecture:
                known = None
        return Recipe(network, known, NetworkOptions.of(self), say_if(self.verbose))

    # -------------------------------------------------------------------- scoring

    def _scores(self, pairs):
        return self._model.score(pairs)
