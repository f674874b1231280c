# SPDX-License-Identifier: BSD-3-Clause
"""Model files: the same bits come back, and nothing else than models does.

The corruptions that are tried: one bit of each byte flipped, each length cut off, bytes
added before and after, random flips and cuts (Hypothesis); and with a right SHA-256, so
that only the other checks are left: see ``CRAFTED`` and ``HEADERS``.
"""

import contextlib
import copy
import hashlib
import io
import json
import os
import threading
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from stored_models import LABELS, PAIRS, UNFITTED, fit_all, new_pairs, outputs

from sksymsim import (
    EmbeddingNormalizer,
    ModelFileError,
    ModelVersionWarning,
    Pairs,
    SharedTransformer,
    SymmetricFeatures,
    SymmetricPairClassifier,
    SymmetrizedClassifier,
    compact,
    load_model,
    model_card,
    save_model,
)
from sksymsim._files import archive as archive
from sksymsim._files.classes import REGISTRY

NAMES = [*UNFITTED, "recalibrated", "threshold"]


@pytest.fixture(scope="module")
def models():
    return fit_all()


@pytest.fixture(scope="module")
def small(models):
    """The bytes of a small file."""
    return bytes(to_bytes(models["mahalanobis"]))


def to_bytes(model):
    path = os.path.join(os.environ["MODEL_FILES"], "model.sksymsim")
    save_model(model, path)
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("files")
        patch.setenv("MODEL_FILES", str(folder))
        yield folder


# -------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("mmap_mode", [None, "r"])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_bits_come_back(name, mmap_mode, models, tmp_path):
    """For float32 and float64 items, and in the attributes and parameters too."""
    model = models[name]
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model", mmap_mode=mmap_mode)
    expected = getattr(model, "best_estimator_", model)
    assert type(again) is type(expected)
    if mmap_mode is None:
        assert repr(again) == repr(expected)
    for dtype in (np.float32, np.float64):
        pairs = new_pairs(dtype)
        found, wanted = outputs(again, pairs), outputs(expected, pairs)
        assert found.dtype == wanted.dtype
        assert_array_equal(found, wanted)
    assert again.classes_.dtype == expected.classes_.dtype
    if name != "features":  # its classifier is one of scikit-learn
        assert model_card(again) == model_card(expected)


@pytest.mark.parametrize("name", ["normalizer", "network", "kernels of items"])
def test_arrays_are_ones_own_or_those_of_the_file(name, models, tmp_path):
    save_model(models[name], tmp_path / "model")
    for mmap_mode in (None, "r"):
        arrays = []
        collect(load_model(tmp_path / "model", mmap_mode=mmap_mode), arrays)
        assert arrays
        for array in arrays:
            assert array.flags.aligned
            assert array.flags.writeable == (mmap_mode is None)
            in_file = any(isinstance(one, np.memmap) for one in bases(array))
            assert in_file == (mmap_mode == "r")


def bases(array):
    """Yield an array and those that it is a view of."""
    while isinstance(array, np.ndarray):
        yield array
        array = array.base


def collect(thing, arrays):
    """Collect the arrays of numbers inside of an object."""
    if isinstance(thing, np.ndarray) and thing.dtype.kind == "f":
        arrays.append(thing)
    parts = thing if isinstance(thing, list | tuple) else getattr(thing, "__dict__", {})
    for part in parts.values() if isinstance(parts, dict) else parts:
        collect(part, arrays)


def test_writing_twice_makes_the_same_file(models):
    first = to_bytes(models["stack"])
    assert to_bytes(models["stack"]) == first
    assert to_bytes(copy.deepcopy(models["stack"])) == first


def test_what_is_read_is_written_alike(models, small, tmp_path):
    (tmp_path / "model").write_bytes(small)
    assert to_bytes(load_model(tmp_path / "model")) == small


def test_labels_that_are_objects_come_back(tmp_path):
    y = np.where(LABELS == 1, "yes", "no").astype(object)
    model = SymmetricPairClassifier(alpha=0.1).fit(PAIRS, y)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.classes_.dtype == object
    assert_array_equal(again.predict(PAIRS), model.predict(PAIRS))


def test_what_was_found_by_a_search_is_written(models, tmp_path):
    ours = models["search"]
    grid = GridSearchCV(UNFITTED["normalizer"], {"symmetricpairclassifier__tol": [0.1]})
    for search in (ours, grid.fit(PAIRS, LABELS)):
        save_model(search, tmp_path / "model")
        again = load_model(tmp_path / "model")
        assert isinstance(again, Pipeline)
        assert_array_equal(again.predict_proba(PAIRS), search.predict_proba(PAIRS))
    scores = model_card(ours)["scores"]
    save_model(ours, tmp_path / "model")
    assert model_card(load_model(tmp_path / "model"))["scores"] == scores


def test_a_cache_of_a_pipeline_is_left_out(tmp_path):
    model = clone(UNFITTED["normalizer"]).set_params(memory=str(tmp_path / "cache"))
    save_model(model.fit(PAIRS, LABELS), tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.memory is None
    assert_array_equal(again.predict_proba(PAIRS), model.predict_proba(PAIRS))


def test_names_of_features_come_back(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.eye(3), columns=["a", "b", "c"])
    save_model(EmbeddingNormalizer(whiten=0.5).fit(frame), tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.feature_names_in_.tolist() == ["a", "b", "c"]
    assert again.transform(frame).shape == (3, 3)


def test_kernels_of_sparse_items_come_back(tmp_path):
    from scipy import sparse

    for kind in (sparse.csr_matrix, sparse.csr_array):
        items = kind(np.where(PAIRS.items > 0, PAIRS.items, 0))
        pairs = Pairs.from_index(items, PAIRS.index)
        model = SymmetricPairClassifier("poly", alpha=0.1).fit(pairs, LABELS)
        save_model(model, tmp_path / "model")
        again = load_model(tmp_path / "model", mmap_mode="r")
        assert type(again._score.support) is type(model._score.support)
        assert_array_equal(again.predict_proba(pairs), model.predict_proba(pairs))


def test_numpy_reads_the_arrays_and_anything_the_header(models, tmp_path):
    """No need of this package to get at what is in a file."""
    save_model(models["normalizer"], tmp_path / "model.zip")
    with np.load(tmp_path / "model.zip", allow_pickle=False) as file:
        shapes = {file[name].shape for name in file.files if name.endswith("/0")}
    assert shapes
    with zipfile.ZipFile(tmp_path / "model.zip") as file:
        assert file.testzip() is None
        header = json.loads(file.read("header.json"))
    assert header["card"]["n_pairs"] == 80
    assert header["format"] == 1
    assert set(header["versions"]) >= {"sksymsim", "numpy", "scikit-learn"}


def test_the_registry_knows_every_parameter():
    """A new parameter of an estimator of ours has to be named there."""
    for entry in REGISTRY:
        if hasattr(entry.kind, "get_params") and not entry.is_foreign:
            assert set(entry.parameters) == set(entry.kind._get_param_names())


# ---------------------------------------------------------- what cannot be written


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: make_pipeline(
                SharedTransformer(MaxAbsScaler()), SymmetricPairClassifier()
            ),
            r"transformer of SharedTransformer holds an object of sklearn\.\S+"
            r"MaxAbsScaler, which a model file cannot hold\. Estimators in it can be "
            r"Emb.* pickle the model with joblib\.dump.* skops\.io\.dump.* compact",
        ),
        (
            lambda: make_pipeline(
                SymmetricFeatures(), RandomForestClassifier(2, random_state=0)
            ),
            "steps of Pipeline holds an object of sklearn.*RandomForestClassifier",
        ),
        (
            lambda: SymmetrizedClassifier(LogisticRegression(), feature_map=np.hypot),
            "feature_map of SymmetrizedClassifier must be None, got <ufunc 'hypot'>",
        ),
        (
            lambda: SymmetricPairClassifier(
                "poly", alpha=1, random_state=np.random.RandomState(0)
            ),
            r"random_state of SymmetricPairClassifier holds an object of numpy\.random",
        ),
    ],
)
def test_other_classes_are_refused_by_name(make, text, tmp_path):
    model = make().fit(PAIRS, LABELS)
    with pytest.raises(ModelFileError, match=text):
        save_model(model, tmp_path / "model")
    assert not any(tmp_path.iterdir())


def test_a_subclass_is_another_class(tmp_path):
    class Mine(SymmetricPairClassifier):
        pass

    with pytest.raises(ModelFileError, match=r"the model holds an object of .*Mine,"):
        save_model(Mine(alpha=1.0).fit(PAIRS, LABELS), tmp_path / "model")


def test_models_without_a_fit_are_refused(tmp_path):
    with pytest.raises(NotFittedError):
        save_model(SymmetricPairClassifier(), tmp_path / "model")
    assert not any(tmp_path.iterdir())


def test_a_model_that_is_not_finite_is_refused(models, tmp_path):
    model = copy.deepcopy(models["mahalanobis"])
    model._score.factors[0][0, 0] = np.nan
    with pytest.raises(
        ModelFileError, match="factors of FittedScore must be a list of"
    ):
        save_model(model, tmp_path / "model")
    model = copy.deepcopy(models["normalizer"])
    model[0].transformer_.mean_[0] = np.inf
    text = r"mean_ of EmbeddingNormalizer .* got an array .* with NaN or infinity"
    with pytest.raises(ModelFileError, match=text):
        save_model(model, tmp_path / "model")


# ------------------------------------------------------------------------- whole files


def refused(content, tmp_path, text=None, mmap_mode=None):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=text) as caught:
        load_model(path, mmap_mode=mmap_mode)
    # The file is named, and once.
    assert str(caught.value).count(str(path)) == 1


def test_one_flipped_bit_of_any_byte_is_found(small, tmp_path):
    path = tmp_path / "model"
    content = bytearray(small)
    path.write_bytes(content)
    with open(path, "r+b", buffering=0) as file:
        for i in range(len(content)):
            flipped = content[i] ^ (1 << i % 8)
            file.seek(i)
            file.write(bytes([flipped]))
            with pytest.raises(ModelFileError):
                archive.read_archive(path, mapped=False)
            file.seek(i)
            file.write(content[i : i + 1])
    load_model(path)


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_every_missing_end_is_found(small, tmp_path, mmap_mode):
    for length in [*range(0, 48), *range(48, len(small), 97), len(small) - 1]:
        refused(small[:length], tmp_path, mmap_mode=mmap_mode)


def test_what_is_added_is_found(small, tmp_path):
    refused(small + b"\0", tmp_path, "damaged or incomplete: its SHA-256 is not")
    refused(b"\0" + small, tmp_path, "no model file of sksymsim")
    refused(small + small, tmp_path, "damaged or incomplete")
    refused(small[:1000] + small[1064:], tmp_path, "damaged or incomplete")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_damage_is_found(data):
    folder = os.environ["MODEL_FILES"]
    path = os.path.join(folder, "random.sksymsim")
    kept = os.path.join(folder, "kept.sksymsim")
    if not os.path.exists(kept):
        model = clone(UNFITTED["two shared"]).fit(PAIRS, LABELS)
        save_model(model, kept)
    with open(kept, "rb") as file:
        content = bytearray(file.read())
    places = st.integers(0, len(content) - 1)
    if data.draw(st.booleans(), "cut"):
        start, stop = sorted([data.draw(places), data.draw(places)])
        damaged = content[:start] + content[stop + 1 :]
    else:
        damaged = bytearray(content)
        for place in data.draw(st.sets(places, min_size=1, max_size=8)):
            damaged[place] ^= data.draw(st.integers(1, 255))
    with open(path, "wb") as file:
        file.write(damaged)
    with pytest.raises(ModelFileError):
        load_model(path, mmap_mode=data.draw(st.sampled_from([None, "r"])))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "the file is empty"),
        (b"hello", "no model file of sksymsim"),
        (b"\x80\x05K\x01.", "looks like a pickle: joblib.load reads those, and runs"),
        (b"\x93NUMPY\x01\x00", "no model file of sksymsim"),
        (b"PK\x05\x06" + bytes(18), "no model file of sksymsim"),
        (b"PK\x03\x04" + bytes(26) + b"header.json", "damaged or incomplete"),
        (os.urandom(4096), "no model file of sksymsim"),
    ],
)
def test_other_files(content, text, tmp_path):
    refused(content, tmp_path, text)


def test_other_places(tmp_path):
    with pytest.raises(ModelFileError, match="this is a directory, not a model file"):
        load_model(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"mmap_mode must be None or 'r', got 'w\+'"):
        load_model(tmp_path / "nowhere", mmap_mode="w+")


# ------------------------------------------------- whole files of the wrong content


def crafted(members, **options):
    """Return an archive of members (name, bytes) with the right SHA-256."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as file:
        for name, content in members:
            file.writestr(name, content)
        file.comment = archive.COMMENT + b"0" * 64
    body = stream.getvalue()[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def with_shape(shape):
    """Return a file of one number that says it has many."""
    stream = io.BytesIO()
    about = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, about)
    return stream.getvalue() + bytes(8)


HEAD = json.dumps({"format": 1, "versions": {"sksymsim": "0"}, "model": 1})
DEEP = '{"format": 1, "model": ' + "[" * 100_000 + "]" * 100_000 + "}"
ONE = npy(np.ones(3))
CRAFTED = {
    "nothing after the header": ([], "the file begins with"),
    "no header first": (
        [("header.json.bak", b"{}"), ("header.json", HEAD)],
        "the file begins with 'header.json.bak'",
    ),
    "path traversal": (
        [("header.json", HEAD), ("../../arrays/0.npy", ONE)],
        r"holds '../../arrays/0.npy' where 'arrays/0.npy' belongs",
    ),
    "absolute path": (
        [("header.json", HEAD), ("/etc/passwd", ONE)],
        "holds '/etc/passwd' where 'arrays/0.npy' belongs",
    ),
    "arrays out of order": (
        [("header.json", HEAD), ("arrays/1.npy", ONE)],
        "holds 'arrays/1.npy' where 'arrays/0.npy' belongs",
    ),
    "a stranger among the members": (
        [("header.json", HEAD), ("arrays/0.npy", ONE), ("run.py", b"")],
        "holds 'run.py' where 'arrays/1.npy' belongs",
    ),
    "a header that is too large": (
        [("header.json", b" " * (archive.MOST_HEADER_BYTES + 1))],
        "the header has 16777217 bytes; no model needs more than 16777216",
    ),
    "a header that is no JSON": ([("header.json", b"{")], "the header is no JSON"),
    "a header that is no text": ([("header.json", b"\xff\xff")], "header is no JSON"),
    "a header that is no object": ([("header.json", b"[1]")], "is not a JSON object"),
    "a header that is too deep": ([("header.json", DEEP)], "the header is no JSON"),
    "a header with NaN": (
        [("header.json", b'{"format": NaN}')],
        "the header is no JSON that can be read: NaN is no number",
    ),
    "a header with a name twice": (
        [("header.json", b'{"format": 1, "format": 2}')],
        "a name occurs twice",
    ),
    "an array of objects": (
        [
            ("header.json", HEAD),
            ("arrays/0.npy", npy(np.array([{}], dtype=object), allow_pickle=True)),
        ],
        "'arrays/0.npy' holds object, which is neither numbers nor strings",
    ),
    "an array that is none": (
        [("header.json", HEAD), ("arrays/0.npy", b"hello world")],
        "'arrays/0.npy' is no array that can be read",
    ),
    "an array of code": (
        [
            ("header.json", HEAD),
            (
                "arrays/0.npy",
                b"\x93NUMPY\x01\x00\x16\x00__import__('os').abort",
            ),
        ],
        "'arrays/0.npy' is no array that can be read",
    ),
    "an array of which the description does not end": (
        [
            ("header.json", HEAD),
            ("arrays/0.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': (     \n"),
        ],
        "'arrays/0.npy' is no array that can be read",
    ),
    "an array that says it is larger": (
        [("header.json", HEAD), ("arrays/0.npy", with_shape((10**12,)))],
        r"'arrays/0.npy' says that it has shape \(1000000000000,\), and has 8 bytes",
    ),
    "an array of negative length": (
        [("header.json", HEAD), ("arrays/0.npy", with_shape((-1, -1)))],
        "says that it has shape|is no array that can be read",
    ),
    "an array of complex numbers": (
        [("header.json", HEAD), ("arrays/0.npy", npy(np.ones(2, dtype=complex)))],
        "holds complex128, which is neither",
    ),
    "strings that are none": (
        [
            ("header.json", HEAD),
            ("arrays/0.npy", npy(np.array(["ab"]))[:-4] + b"\xff\xff\xff\x7f"),
        ],
        "strings of characters that do not exist",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_members(name, tmp_path):
    members, text = CRAFTED[name]
    content = crafted(members)
    if not members:
        content = crafted([("header.json.x", b"")])
    # They get past the first look.
    refused(content, tmp_path, text if content[30:41] == b"header.json" else None)


def test_compressed_members_are_refused(tmp_path):
    """So that no file can be larger inside than outside."""
    bomb = crafted(
        [("header.json", HEAD), ("arrays/0.npy", npy(np.zeros(10**6)))],
        compression=zipfile.ZIP_DEFLATED,
    )
    assert len(bomb) < 20_000
    refused(bomb, tmp_path, "'header.json' is compressed; model files never are")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_refused(tmp_path):
    twice = [("header.json", HEAD), ("arrays/0.npy", ONE), ("arrays/0.npy", ONE)]
    refused(crafted(twice), tmp_path, "the file holds 'arrays/0.npy' twice")


def resealed(content):
    """Return changed bytes of an archive with the right SHA-256 for them."""
    return content[:-64] + hashlib.sha256(content[:-64]).hexdigest().encode()


@pytest.mark.parametrize(
    ("offset", "value", "text"),
    [
        (8, b"\1\0", "is encrypted"),  # flags
        (10, b"\x08\0", "is compressed"),  # the method
        (20, b"\xff\0\0\0", "is compressed"),  # the compressed size
        (42, b"\1\0\0\0", "not in order|overlap|cannot be read|can be read"),  # offset
    ],
)
def test_directories_that_lie(offset, value, text, small, tmp_path):
    """The entry of the header in the directory of the archive, with another field."""
    content = bytearray(small)
    entry = content.index(b"PK\x01\x02")
    content[entry + offset : entry + offset + len(value)] = value
    refused(resealed(bytes(content)), tmp_path, text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_with_a_right_sum_makes_no_other_error(data):
    """Whatever is wrong, it is one class of error; or it does not matter."""
    folder = os.environ["MODEL_FILES"]
    kept = os.path.join(folder, "sealed.sksymsim")
    if not os.path.exists(kept):
        save_model(clone(UNFITTED["mahalanobis"]).fit(PAIRS, LABELS), kept)
    with open(kept, "rb") as file:
        content = bytearray(file.read())
    size = len(content) - 110
    for place in data.draw(st.sets(st.integers(41, size), min_size=1, max_size=4)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = os.path.join(folder, "resealed.sksymsim")
    with open(path, "wb") as file:
        file.write(resealed(bytes(content)))
    with warnings.catch_warnings(), contextlib.suppress(ModelFileError):
        # The version is a text of the header.
        warnings.simplefilter("ignore", ModelVersionWarning)
        load_model(path)


# ------------------------------------------------------------------------ wrong headers


def parts_of(content):
    """Return the header and the arrays of a file, to be changed."""
    path = os.path.join(os.environ["MODEL_FILES"], "parts.sksymsim")
    with open(path, "wb") as file:
        file.write(content)
    return archive.read_archive(path, mapped=False)


def find(node, name, part=None):
    """Return what describes an object of some class, the first one with some part."""
    if isinstance(node, dict):
        if node.get("class") == name and (part is None or part in node["parts"]):
            return node["parts"]
        node = list(node.values())
    if not isinstance(node, list):
        return None
    found = [find(one, name, part) for one in node]
    return next((one for one in found if one is not None), None)


def put(owner, part, value):
    """Return a change of a header: another value of one part."""

    def change(header, arrays):
        find(header, owner)[part] = value

    return change


def drop(owner, part):
    def change(header, arrays):
        del find(header, owner, part)[part]

    return change


def array_of(owner, part, function):
    """Return a change of an array: what a function makes of it."""

    def change(header, arrays):
        node = find(header, owner, part)[part]
        while "array" not in node:
            node = node["tuple"][0] if "tuple" in node else node["csr"][0]
            node = {"array": node} if isinstance(node, int) else node
        arrays[node["array"]] = function(arrays[node["array"]])

    return change


def top(**values):
    def change(header, arrays):
        header.update(values)

    return change


def not_a_number(array):
    array[...] = np.nan
    return array


def wider(array):
    return np.hstack([array, array[..., :1]])


SPC, SCORE = "SymmetricPairClassifier", "FittedScore"
HEADERS = {
    "no format": ("mahalanobis", top(format=None), "is not that of a model"),
    "a newer format": (
        "mahalanobis",
        top(format=2, versions={"sksymsim": "9.1"}),
        r"is of format 2, written by sksymsim 9\.1; this version reads formats up to 1",
    ),
    "no versions": ("mahalanobis", top(versions={}), "does not say which version"),
    "no model": ("mahalanobis", top(model=None), "holds no estimator"),
    "a number as the model": ("mahalanobis", top(model=1), "holds no estimator"),
    "an unknown class": (
        "mahalanobis",
        put(SPC, "_score", {"class": "os.system", "parts": {}}),
        "the file holds 'os.system', which is not among the classes",
    ),
    "a class that is no name": (
        "mahalanobis",
        put(SPC, "_score", {"class": ["SymmetricPairClassifier"], "parts": {}}),
        "which is not among the classes",
    ),
    "a class without parts": (
        "mahalanobis",
        put(SPC, "_score", {"class": "FittedScore"}),
        "FittedScore has no parts",
    ),
    "an unknown word": (
        "mahalanobis",
        put(SPC, "_score", {"import": "os"}),
        "holds {'import': 'os'}, which stands for nothing",
    ),
    "an unknown part": (
        "mahalanobis",
        put(SPC, "__class__", 1),
        "SymmetricPairClassifier has no part '__class__'",
    ),
    "a private part": ("mahalanobis", put(SPC, "_scores", 1), "has no part '_scores'"),
    "a missing part": ("mahalanobis", drop(SPC, "_score"), "has no '_score'"),
    "a missing part of a part": (
        "mahalanobis",
        drop(SCORE, "linear"),
        "FittedScore has no 'linear'",
    ),
    "a parameter of no use": (
        "mahalanobis",
        put(SPC, "n_jobs", "all"),
        "n_jobs of SymmetricPairClassifier must be None or an int .* got 'all'",
    ),
    "an array that is not there": (
        "mahalanobis",
        put(SCORE, "factors", {"tuple": [{"array": 99}]}),
        "refers to array 99, which is not there",
    ),
    "an array by a negative number": (
        "mahalanobis",
        put(SCORE, "factors", {"tuple": [{"array": -1}]}),
        "refers to array -1",
    ),
    "an array by true": (
        "mahalanobis",
        put(SCORE, "factors", {"tuple": [{"array": True}]}),
        "refers to array True",
    ),
    "an array that nobody wants": (
        "mahalanobis",
        lambda header, arrays: arrays.append(np.ones(3)),
        "no part of the model refers to array 3",
    ),
    "NaN": (
        "mahalanobis",
        array_of(SCORE, "factors", not_a_number),
        "factors of FittedScore must be a list .* finite",
    ),
    "NaN in another array": (
        "normalizer",
        array_of("EmbeddingNormalizer", "whitening_", not_a_number),
        "whitening_ of EmbeddingNormalizer must be .* with NaN or infinity",
    ),
    "integers": (
        "mahalanobis",
        array_of(SCORE, "factors", lambda v: v.astype(int)),
        "factors of FittedScore must be a list",
    ),
    "one axis too few": (
        "mahalanobis",
        array_of(SCORE, "factors", np.ravel),
        "factors of FittedScore must be a list",
    ),
    "a factor that is too wide": (
        "mahalanobis",
        array_of(SCORE, "factors", wider),
        "n_features_in_ of SymmetricPairClassifier is 5, its score has 6",
    ),
    "factors of two widths": (
        "quadratic",
        array_of(SCORE, "factors", wider),
        r"parts of a score have the widths \[5, 6\]",
    ),
    "too few signs": (
        "mahalanobis",
        array_of(SCORE, "signs", lambda v: v[:-1]),
        "rows wants as many signs of 1 or -1",
    ),
    "signs that are none": (
        "mahalanobis",
        array_of(SCORE, "signs", lambda v: 2 * v),
        "rows wants as many signs of 1 or -1",
    ),
    "no metric": (
        "mahalanobis",
        array_of(SCORE, "signs", lambda v: -v),
        "fitted with psd=True, and its matrix has negative directions",
    ),
    "another form": (
        "mahalanobis",
        put(SCORE, "form", "bilinear"),
        "fitted as .*, and its score is of form 'bilinear'",
    ),
    "an unknown form": (
        "mahalanobis",
        put(SCORE, "form", "cubic"),
        "form of FittedScore must be one of 'mahalanobis', .* got 'cubic'",
    ),
    "terms of another form": (
        "mahalanobis",
        put(SCORE, "form", "quadratic"),
        "form 'quadratic' has 2 terms, got 1 factors",
    ),
    "an intercept of text": (
        "mahalanobis",
        put(SCORE, "intercept", "0"),
        "intercept of FittedScore must be a float",
    ),
    "a huge intercept": (
        "mahalanobis",
        put(SCORE, "intercept", {"numpy": ["float32", 1e300]}),
        "1e[+]?300 is no float32",
    ),
    "a number of unknown kind": (
        "mahalanobis",
        put(SCORE, "intercept", {"numpy": ["object", 1]}),
        "which is no number",
    ),
    "one label": (
        "mahalanobis",
        array_of(SPC, "classes_", lambda v: v[:1]),
        "classes_ of SymmetricPairClassifier must be an array of labels",
    ),
    "equal labels": (
        "mahalanobis",
        array_of(SPC, "classes_", lambda v: v * 0),
        "classes_ of SymmetricPairClassifier must be an array of labels",
    ),
    "another width": (
        "normalizer",
        array_of("EmbeddingNormalizer", "mean_", lambda v: v[:-1]),
        r"mean_ of EmbeddingNormalizer must be .* of shape \(n_features_in_,\), got an "
        r"array of float64 of shape \(4,\): n_features_in_ is 5",
    ),
    "no items": (
        "poly",
        array_of("DualScore", "support", lambda v: v[:-1]),
        "coefficients for 23 items|refers",
    ),
    "wrong coefficients": (
        "kernels of features",
        array_of("Links", "S", lambda v: v[:-1]),
        "coefficients of pairs|S of Links must be",
    ),
    "coefficients that are left out": (
        "kernels of features",
        put("Links", "D", None),
        "no part of the model refers|has no coefficients D",
    ),
    "indices of a sparse matrix": (
        "poly",
        put("Links", "S", {"csr": [0, 0, 0], "shape": [24, 24], "of": "csr_matrix"}),
        "a sparse matrix is inconsistent",
    ),
    "a sparse matrix of another kind": (
        "poly",
        put("Links", "S", {"csr": [0, 0, 0], "shape": [24, 24], "of": "object"}),
        "describes no sparse matrix",
    ),
    "an unknown kernel": (
        "kernels of features",
        put("QuadraticKernel", "name", "_combine"),
        "name of QuadraticKernel must be one of",
    ),
    "too few parameters of a network": (
        "network",
        array_of("FittedNetwork", "theta", lambda v: v[:-1]),
        r"a network of \d+ parameters got \d+",
    ),
    "a network of other items": (
        "network",
        array_of("Inputs", "center", lambda v: v[:-1]),
        "a network of 5 features is centred by 4",
    ),
    "a network of another architecture": (
        "network",
        put("PairNetwork", "tower", {"tuple": [10**9]}),
        "a network of 6000000002 parameters got|parameters got",
    ),
    "a dict of lists": (
        "mahalanobis",
        put(SPC, "class_weight", {"dict": [[[1], 2]]}),
        "a dict whose keys are no numbers or strings",
    ),
    "a dict that is none": (
        "mahalanobis",
        put(SPC, "class_weight", {"dict": [[1, 2, 3]]}),
        r"holds \[1, 2, 3\] where a list belongs",
    ),
    "strings that are none": (
        "mahalanobis",
        put(SPC, "classes_", {"strings": [[1], [2]]}),
        "an array of objects that are no strings",
    ),
    "a card of no use": (
        "mahalanobis",
        put(SPC, "_card", {"dict": [["scores", 1]]}),
        "_card of SymmetricPairClassifier must be a dict with estimator, n_features",
    ),
    "a card that JSON cannot hold": (
        "mahalanobis",
        lambda header, arrays: find(header, SPC)["_card"]["dict"].append(
            ["notes", {"dict": [["x", {"array": 0}]]}]
        ),
        "_card of SymmetricPairClassifier must be a dict",
    ),
    "a folder of pickles": (
        "normalizer",
        put("Pipeline", "memory", "/tmp/cache"),
        "Pipeline has no part 'memory'",
    ),
    "a method of another name": (
        "recalibrated",
        put("RecalibratedClassifier", "_method", "set_params"),
        "_method of RecalibratedClassifier must be one of 'decision_function'",
    ),
    "a stack without a member": (
        "stack",
        put("StackedPairClassifier", "estimators_", []),
        "StackedPairClassifier has 0 members|no part of the model refers",
    ),
    "steps without names": (
        "normalizer",
        put("Pipeline", "steps", [{"tuple": ["a", 1]}]),
        "steps of Pipeline hold 1, no estimator",
    ),
    "steps of one name": (
        "normalizer",
        put("Pipeline", "steps", [{"tuple": ["a", None]}] * 2),
        "go by one name twice",
    ),
    "an array in place of text": (
        "features",
        put("LogisticRegression", "solver", {"array": 0}),
        "solver of LogisticRegression must be None or a number, a string or a dict",
    ),
    "text in place of an estimator": (
        "threshold",
        put("FrozenEstimator", "estimator", "1.10.0"),
        "estimator of FrozenEstimator must be a fitted classifier, got '1.10.0'",
    ),
    "an estimator without a fit": (
        "mahalanobis",
        lambda header, arrays: [
            arrays.clear(),
            header.update(model={"class": SPC, "parts": {}}),
        ],
        "the model is not fitted",
    ),
    "no estimator": (
        "mahalanobis",
        lambda header, arrays: [
            arrays.clear(),
            header.update(
                model={
                    "class": "ItemKernel",
                    "parts": {"name": "rbf", "gamma": 1, "degree": 1, "coef0": 0},
                }
            ),
        ],
        "the file holds no estimator",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_wrong_headers(name, models, tmp_path):
    """Each with a right SHA-256: what is left are the checks of the content."""
    which, change, text = HEADERS[name]
    header, arrays = parts_of(to_bytes(models[which]))
    change(header, arrays)
    refused(bytes(archive.archive_bytes(header, arrays)), tmp_path, text)


@pytest.mark.filterwarnings("ignore:the model was stored by")
def test_a_header_that_json_can_read_and_nobody_else(tmp_path):
    model = '{"tuple": [' * 380 + "]}" * 380
    text = f'{{"format": 1, "versions": {{"sksymsim": "0"}}, "model": {model}}}'
    refused(crafted([("header.json", text)]), tmp_path, "too deep|no JSON")


def test_a_model_with_too_much_text_is_refused(models, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_HEADER_BYTES", 1000)
    with pytest.raises(ModelFileError, match="which is more than a header may have"):
        save_model(models["mahalanobis"], tmp_path / "model")


# ----------------------------------------------------------------------------- versions


def test_files_of_another_version_are_read_with_a_warning(models, tmp_path):
    header, arrays = parts_of(to_bytes(models["scaler and components"]))
    header["versions"].update({"sksymsim": "7.8.9", "scikit-learn": "1.5.0"})
    # Another version may have known more parameters, and had fewer.
    find(header, "PCA")["new_parameter"] = 0
    find(header, SPC)["new_parameter"] = {"tuple": [1]}
    del find(header, SPC)["verbose"]
    (tmp_path / "model").write_bytes(archive.archive_bytes(header, arrays))
    with pytest.warns() as caught:
        again = load_model(tmp_path / "model")
    texts = [str(one.message) for one in caught if one.category is ModelVersionWarning]
    assert len(texts) == 1
    assert "stored by sksymsim 7.8.9 and is read by " in texts[0]
    foreign = [one for one in caught if one.category is InconsistentVersionWarning]
    assert {one.message.original_sklearn_version for one in foreign} == {"1.5.0"}
    assert {one.message.estimator_name for one in foreign} == {"StandardScaler", "PCA"}
    pairs = new_pairs(np.float64)
    expected = models["scaler and components"]
    assert_array_equal(again.predict_proba(pairs), expected.predict_proba(pairs))
    # But nothing that prediction may need.
    find(header, SPC)["new_"] = 0
    with pytest.warns():
        refused(bytes(archive.archive_bytes(header, arrays)), tmp_path, "part 'new_'")


# ------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("where", ["os.replace", "os.fsync"])
@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_what_interrupts_writing_leaves_the_old_file(
    where, error, models, tmp_path, monkeypatch
):
    path = tmp_path / "model"
    save_model(models["mahalanobis"], path)
    before = path.read_bytes()

    def fail(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(where, fail)
        with pytest.raises(type(error)):
            save_model(models["bilinear"], path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_a_model_that_cannot_be_written_leaves_the_old_file(models, tmp_path):
    path = tmp_path / "model"
    save_model(models["mahalanobis"], path)
    before = path.read_bytes()
    other = SymmetrizedClassifier(RandomForestClassifier(2)).fit(PAIRS, LABELS)
    with pytest.raises(ModelFileError):
        save_model(other, path)
    assert path.read_bytes() == before


def test_two_that_write_one_file_leave_one_of_the_two(models, tmp_path):
    """And who reads meanwhile finds one of the two."""
    path = tmp_path / "model"
    pair = [models["mahalanobis"], models["quadratic"]]
    contents = {to_bytes(model) for model in pair}
    save_model(pair[0], path)
    stop = threading.Event()

    def write(model):
        for _ in range(10):
            save_model(model, path)

    seen = []

    def read():
        while not stop.is_set():
            seen.append(path.read_bytes())

    writers = [threading.Thread(target=write, args=(model,)) for model in pair]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert set(seen) <= contents
    assert path.read_bytes() in contents
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_a_map_outlives_the_file(models, tmp_path):
    """Whoever has mapped a model keeps it when another one takes its place."""
    path = tmp_path / "model"
    save_model(models["mahalanobis"], path)
    mapped = load_model(path, mmap_mode="r")
    save_model(models["quadratic"], path)
    pairs = new_pairs(np.float64)
    expected = models["mahalanobis"].predict_proba(pairs)
    assert_array_equal(mapped.predict_proba(pairs), expected)


@pytest.mark.skipif(os.name == "nt", reason="links and modes are those of POSIX")
def test_links_and_modes_are_those_of_any_file(models, tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "model")
    save_model(models["mahalanobis"], str(link))
    assert link.is_symlink()
    (tmp_path / "plain").write_bytes(b"")
    written = (tmp_path / "real" / "model").stat().st_mode
    assert written == (tmp_path / "plain").stat().st_mode


def test_compact_models_are_written(models, tmp_path):
    """What only `fit` takes is not there any more, and `fit` says so."""
    model = compact(models["mahalanobis of low rank"], dtype="float32")
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.components_.dtype == np.float32
    pairs = new_pairs(np.float32)
    assert_array_equal(
        again.predict(pairs), models["mahalanobis of low rank"].predict(pairs)
    )
    with pytest.raises(
        ValueError, match=r"'prior' parameter.* Got 'left out by compact'"
    ):
        again.fit(PAIRS, LABELS)
