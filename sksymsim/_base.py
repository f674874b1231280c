# SPDX-License-Identifier: BSD-3-Clause
"""What all estimators of this package have in common, besides scikit-learn's base."""

from sklearn.utils.validation import check_is_fitted

from sksymsim._callbacks import CallbackSupportMixin
from sksymsim._validation.frames import check_names, names_of
from sksymsim._validation.items import check_items, check_pairs, check_width
from sksymsim._versions import Versioned

# Where the documentation is on the web, without a slash at the end. While it is empty,
# the diagrams in notebooks have no links.
DOC_URL = ""


def tags_of_pairs(tags):
    """Return tags of scikit-learn that say that the input is pairs, changed."""
    tags.input_tags.two_d_array = False
    tags.input_tags.three_d_array = True
    tags.input_tags.sparse = True
    return tags


class PackageMixin(Versioned, CallbackSupportMixin):
    """Versions of pickles, callbacks, links to the documentation, names of features.

    It stands to the left of ``BaseEstimator``.
    """

    _doc_link_module = "sksymsim"

    @property
    def _doc_link_template(self):
        return DOC_URL and DOC_URL + "/generated/sksymsim.{estimator_name}.html"

    def _remember_features(self, X, names=None):
        """Take note of the number of features and of their names, after a fit.

        Parameters
        ----------
        X : Pairs or matrix
        names : ndarray of str or None, default=None
            Those of the columns of a matrix; Pairs know theirs.
        """
        self.n_features_in_ = int(X.shape[-1])
        names = getattr(X, "feature_names", names)
        vars(self).pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names

    def _checked_names(self, names):
        """Compare names with those of the fit, and return the latter."""
        fitted = vars(self).get("feature_names_in_")
        check_names(names, fitted, type(self).__name__)
        return fitted

    def _checked_items(self, X, name="X"):
        """Return items of the features of the fit; NaN is left to what comes next."""
        check_is_fitted(self)
        owner = type(self).__name__
        self._checked_names(names_of(X, name))
        return check_items(X, self.n_features_in_, owner, name, allow_nan=True)

    def _checked_pairs(self, X):
        """Return pairs of the features of the fit; NaN is left to whoever comes next.

        They bear the names of the fit, so that a model inside does not warn again.
        """
        check_is_fitted(self)
        pairs = check_pairs(X, allow_nan=True)
        fitted = self._checked_names(pairs.feature_names)
        check_width(pairs.shape[2], self.n_features_in_, type(self).__name__)
        return pairs._named(fitted)
