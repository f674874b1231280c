# SPDX-License-Identifier: BSD-3-Clause
"""skops.io stores all models, and trusted_types names all that it asks for."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from stored_models import PAIRS, UNFITTED, fit_all, new_pairs, outputs

from sksymsim import compact, model_card, trusted_types

pytest.importorskip(
    "skops.io", reason="skops is not installed: pip install '.[deploy]'"
)


@pytest.fixture(scope="module")
def models():
    return fit_all()


@pytest.mark.parametrize("name", [*UNFITTED, "recalibrated", "threshold"])
def test_skops_stores_every_model(name, models):
    """No name is missing, and the scores are the same bits."""
    from skops import io

    model = models[name]
    content = io.dumps(model)
    ours = {n for n in io.get_untrusted_types(data=content) if "sklearn" not in n}
    assert ours <= set(trusted_types())
    again = io.loads(content, trusted=io.get_untrusted_types(data=content))
    for dtype in (np.float32, np.float64):
        pairs = new_pairs(dtype)
        found, expected = outputs(again, pairs), outputs(model, pairs)
        assert found.dtype == expected.dtype
        assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["search", "stack", "network", "poly", "both orders"])
def test_the_names_are_all_that_it_takes(name, models):
    from skops import io

    model = compact(models[name], dtype="float32")
    again = io.loads(io.dumps(model), trusted=trusted_types())
    assert_array_equal(again.predict_proba(PAIRS), model.predict_proba(PAIRS))
    assert model_card(again) == model_card(model)


def test_without_the_names_skops_refuses(models):
    from skops import io
    from skops.io.exceptions import UntrustedTypesFoundException

    content = io.dumps(models["mahalanobis"])
    with pytest.raises(UntrustedTypesFoundException, match="SymmetricPairClassifier"):
        io.loads(content)
