# SPDX-License-Identifier: BSD-3-Clause
"""Files that each released version has written are read by this one.

``tests/write_model_files.py`` writes them.
"""

import json
import pickle
import warnings
from pathlib import Path

import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.exceptions import InconsistentVersionWarning
from stored_models import UNFITTED, outputs

import sksymsim
from sksymsim import ModelVersionWarning, Pairs, load_model, model_card

FOLDERS = sorted(path for path in (Path(__file__).parent / "models").iterdir())
FILES = [
    pytest.param(path, id=f"{folder.name}/{path.name}")
    for folder in FOLDERS
    for path in sorted(folder.iterdir())
    if path.suffix in (".pickle", ".sksymsim")
]


def read(path):
    """Return the model of a file, and the warnings of reading it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if path.suffix == ".sksymsim":
            model = load_model(path)
        else:
            model = pickle.loads(path.read_bytes())
    return model, caught


def test_this_version_has_written_its_files():
    """A release comes with its files: run tests/write_model_files.py."""
    assert sksymsim.__version__ in [folder.name for folder in FOLDERS]
    for folder in FOLDERS:
        size = sum(path.stat().st_size for path in folder.iterdir())
        assert size < 200_000, f"{folder.name} is too large for a repository"


@pytest.mark.parametrize("path", FILES)
def test_files_of_released_versions(path):
    """The scores are as they were, and nothing but other versions is warned of."""
    told = json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))
    pairs = Pairs(told["pairs"]["left"], told["pairs"]["right"])
    model, caught = read(path)
    # Other kernels of BLAS round otherwise, and coefficients of kernels cancel.
    assert_allclose(
        outputs(model, pairs), told["outputs"][path.stem], rtol=1e-6, atol=1e-8
    )
    kinds = {warning.category for warning in caught}
    assert kinds <= {ModelVersionWarning, InconsistentVersionWarning}
    another = path.parent.name != sksymsim.__version__
    assert (ModelVersionWarning in kinds) == another
    for warning in caught:
        assert warning.filename == __file__ or "sklearn" in warning.filename


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_cards_say_which_versions_wrote_the_files(folder):
    model, _ = read(folder / "normalizer.sksymsim")
    card = model_card(model)
    assert card["versions"]["sksymsim"] == folder.name
    assert card["n_pairs"] == 80
    if card["versions"]["scikit-learn"] != sklearn.__version__:
        _, caught = read(folder / "scaler_and_components.sksymsim")
        texts = [str(warning.message) for warning in caught]
        assert any(card["versions"]["scikit-learn"] in text for text in texts)


def test_every_kind_of_model_is_among_the_files():
    folder = FOLDERS[0].parent / sksymsim.__version__
    newest = {path.stem for path in folder.iterdir()}
    assert {name.replace(" ", "_") for name in UNFITTED} <= newest
