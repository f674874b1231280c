# SPDX-License-Identifier: BSD-3-Clause
"""Files of items and pairs: what is read, and one clear line for what cannot be."""

import csv
import importlib.util
import io
import os
import sys
import zipfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksymsim import Pairs, SymmetricPairClassifier, load_model, save_model
from sksymsim.__main__ import main
from sksymsim._commands.progress import Progress
from sksymsim._files.replacement import replacement
from sksymsim._tables.csv_tables import CsvTable
from sksymsim._tables.items import read_items
from sksymsim._tables.pairs import read_labelled
from sksymsim._tables.writing import table_writer
from sksymsim._validation import memory
from sksymsim._validation.tables import TableError

needs_pyarrow = pytest.mark.skipif(
    importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed"
)
WIDTH = 3
ITEMS = np.arange(12, dtype=np.float32).reshape(4, WIDTH) ** 2
COLUMNS = "item_id features delimiter left right label labels weight groups"
OPTIONS = dict.fromkeys(COLUMNS.split())


def options(**given):
    return Namespace(**OPTIONS | given)


def items_of(path, **given):
    return read_items(str(path), options(**given), lambda *share: None)


def pairs_of(path, items, **given):
    return read_labelled(str(path), items, items, options(**given), lambda *share: None)


def put(name, text, encoding="utf-8"):
    Path(name).write_bytes(text.encode(encoding))
    return name


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, with four items: a, b, 001 and 1."""
    monkeypatch.chdir(tmp_path)
    np.savez("items.npz", items=ITEMS, ids=np.array(["a", "b", "001", "1"]))
    np.save("rows.npy", ITEMS)
    return tmp_path


# ------------------------------------------------------------------------------ items


def table_of(rows, header="id,x,y,z", end="\n"):
    return end.join([header, *(",".join(map(str, row)) for row in rows), ""])


CSV_ITEMS = table_of([[f"i{k}", *row] for k, row in enumerate(ITEMS.tolist())])
LISTS = "\n".join(
    ["id,vector", *(f'i{k},"{row}"' for k, row in enumerate(ITEMS.tolist()))]
)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (CSV_ITEMS, {}),
        ("\ufeff" + CSV_ITEMS, {}),
        (CSV_ITEMS.replace("\n", "\r\n"), {}),
        (CSV_ITEMS.replace("\n", "\n\n"), {}),
        (CSV_ITEMS.rstrip("\n"), {}),
        (CSV_ITEMS.replace(",", ";"), {"delimiter": ";"}),
        (CSV_ITEMS.replace("id,x", "Item_ID,x"), {}),
        (CSV_ITEMS.replace("id,x", ",x"), {}),
        (CSV_ITEMS.replace("id,x", "name,x"), {"item_id": "name"}),
        (CSV_ITEMS.replace("x,y,z", "e_0,e_1,e_2"), {"features": ["e_*"]}),
        (LISTS, {}),
    ],
    ids=lambda value: None if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("n_rows", [1, 3, 100])
def test_items_of_csv(text, given, n_rows, monkeypatch):
    """Byte order marks, line ends, empty lines, other names: the same items."""
    monkeypatch.setattr("sksymsim._tables.items.ROWS_AT_ONCE", n_rows)
    items = items_of(put("items.csv", text), **given)
    np.testing.assert_array_equal(items.array, ITEMS)
    assert items.ids == ["i0", "i1", "i2", "i3"]
    assert items.id_kind == "text"


def test_features_leave_other_columns_alone():
    text = table_of([["a", "some text", 1, 2], ["b", "more", 3, 4]], "id,title,x,y")
    items = items_of(put("items.csv", text), features=["y", "x"])
    np.testing.assert_array_equal(items.array, [[1, 2], [3, 4]])


def test_items_of_numpy():
    """Row numbers as ids, or the ids beside the items; npy is not read into memory."""
    rows = items_of("rows.npy")
    assert isinstance(rows.array, np.memmap)
    assert not rows.array.flags.writeable
    assert (rows.ids, rows.id_kind, rows.name(3)) == (None, "integer", "3")
    assert [rows.has(name) for name in ("0", "3")] == [True, True]
    others = ["4", "-1", "03", "+3", " 3", "3.0", "٣", "³", "", "x"]
    assert [rows.has(name) for name in others] == [False] * len(others)
    named = items_of("items.npz")
    assert named.ids == ["a", "b", "001", "1"]
    np.savez("numbers.npz", only=ITEMS, ids=np.array([7, 5, 6, 4]), extra=np.ones(2))
    numbered = items_of("numbers.npz")
    assert (numbered.ids, numbered.id_kind) == (["7", "5", "6", "4"], "integer")
    for items in (named, numbered):
        np.testing.assert_array_equal(items.array, ITEMS)


def save_odd_arrays():
    np.save("one_axis.npy", ITEMS[0])
    np.save("objects.npy", np.array([[1, None]]), allow_pickle=True)
    np.save("strings.npy", np.array([["a", "b"]]))
    np.save("complex.npy", ITEMS + 1j)
    np.save("no_rows.npy", ITEMS[:0])
    np.save("no_columns.npy", ITEMS[:, :0])
    Path("no_bytes.npy").write_bytes(b"")
    Path("text.npy").write_bytes(b"not an array")
    Path("cut.npy").write_bytes(Path("rows.npy").read_bytes()[:-3])
    Path("really_npz.npy").write_bytes(Path("items.npz").read_bytes())
    Path("really_npy.npz").write_bytes(Path("rows.npy").read_bytes())
    Path("no_bytes.npz").write_bytes(b"")
    np.savez("two.npz", one=ITEMS, two=ITEMS)
    np.savez("none.npz", one=ITEMS[0])
    np.savez("ids_short.npz", items=ITEMS, ids=np.arange(3))
    np.savez("ids_float.npz", items=ITEMS, ids=np.arange(4.0))
    np.savez("ids_twice.npz", items=ITEMS, ids=np.array(["a", "b", "c", "b"]))
    np.savez("ids_objects.npz", items=ITEMS, ids=np.array([None] * 4))
    with zipfile.ZipFile("other.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one_axis.npy", r"shape \(3,\); items are the rows of an array of two axes"),
        ("objects.npy", "no npy file that can be read"),
        ("strings.npy", "holds <U1, and not real numbers"),
        ("complex.npy", "holds complex64, and not real numbers"),
        ("no_rows.npy", "the file holds no items|no npy file that can be read"),
        ("no_columns.npy", "the file holds no numbers|no npy file that can be read"),
        ("no_bytes.npy", "the file holds no items"),
        ("text.npy", "no npy file that can be read"),
        ("cut.npy", "no npy file that can be read"),
        ("really_npz.npy", "it holds several arrays, call it .npz"),
        ("really_npy.npz", "no npz file that can be read"),
        ("no_bytes.npz", "no npz file that can be read"),
        ("two.npz", "which array has the items.*'one', 'two'"),
        ("none.npz", "which array has the items.*none of two axes"),
        ("other.npz", "which array has the items.*none of two axes"),
        ("ids_short.npz", r"'ids' has shape \(3,\), and there are 4 items"),
        ("ids_float.npz", "'ids' holds float64; save whole numbers or strings"),
        ("ids_twice.npz", "entry 3 of ids: the id 'b' is that of item 2 already"),
        ("ids_objects.npz", "no npz file that can be read"),
        ("items.json", "what kind of file is it.*npy, .npz, .csv"),
    ],
)
def test_arrays_that_are_no_items(name, text):
    save_odd_arrays()
    with pytest.raises(TableError, match=rf"^{name}.*{text}"):
        items_of(name)


@pytest.mark.parametrize(
    ("text", "given", "error"),
    [
        ("", {}, "the file is empty; its first line names the columns"),
        ("\n\n", {}, "the file is empty"),
        ("id,x\n", {}, "the file holds no items"),
        ("1,2,3\n4,5,6\n", {}, "which column has the ids.*--item-id.*'1', '2', '3'"),
        ("id;x\na;1\n", {}, "which column has the ids.*use --delimiter"),
        ("id,x\na,1\n", {"item_id": "key"}, "no column 'key'; --item-id takes.*'id'"),
        ("id,id,x\na,b,1\n", {}, "2 columns are called 'id'"),
        ("id,x,x\na,1,2\n", {}, "2 columns are called 'x'"),
        ("id\na\n", {}, "no column is left for the embeddings"),
        ("id,x\na,1\n", {"features": ["e*"]}, r"no column matches --features e\*"),
        ("id,x\na,1\nb,2,3\n", {}, "line 3: 3 fields, .* names 2 columns"),
        ("id,x\na,1\n\nb\n", {}, "line 4: 1 fields, .* names 2 columns"),
        ("id,x\na,1\nb,red\n", {}, "line 3: 'red' in column 'x' is no number"),
        ("id,x\na,1\nb,\n", {}, "line 3: column 'x' is empty"),
        ("id,x\na,1\n,2\n", {}, "line 3: column 'id' is empty"),
        ("id,x\na,1\nb,2\na,3\n", {}, "line 4: the id 'a' is that of item 1 already"),
        ('id,x\n"a\nb",1\nc,d\n', {}, "line 4: 'd' in column 'x' is no number"),
        ('id,x\na,"1\n', {}, "no CSV that can be read.*check the quotes"),
        ('id,x\na,"1"2\n', {}, "line 2: this is no CSV that can be read"),
        ('id,x\na,"[1, 2]"\nb,"[1]"\n', {}, "line 3: the vector has 1 numbers"),
        (
            'id,x\na,"[1, 2]"\nb,2\n',
            {},
            "line 3: .*('2', which is no list|has 1 numbers)",
        ),
        ('id,x\na,"[1, oh]"\n', {}, r"line 2: .*'\[1, oh\]', which is no list"),
    ],
)
@pytest.mark.parametrize("n_rows", [1, 100])
def test_csv_that_is_no_items(text, given, error, n_rows, monkeypatch):
    """File, line and remedy, however large the blocks are."""
    monkeypatch.setattr("sksymsim._tables.items.ROWS_AT_ONCE", n_rows)
    with pytest.raises(TableError, match=f"(?s)^items.csv.*{error}"):
        items_of(put("items.csv", text), **given)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("id,x\na,1\nb\xe9,2\n".encode("latin-1"), "line 3: byte 0xe9 is not UTF-8"),
        ("id,x\na,1\n".encode("utf-16"), "line 1: byte 0xff is not UTF-8"),
        (b"id,x\na,1\nb\xc3", "line 3: byte 0xc3 is not UTF-8"),
    ],
)
def test_csv_that_is_not_utf8(content, error):
    Path("items.csv").write_bytes(content)
    with pytest.raises(
        TableError, match=f"^items.csv, {error}; save the file as UTF-8"
    ):
        items_of("items.csv")


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"))


@settings(max_examples=40)
@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1), st.data())
def test_lines_of_rows(tmp_path_factory, rows, data):
    """Whatever fields hold, a row is where Python's reader says that it begins."""
    path = tmp_path_factory.mktemp("lines") / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    starts = []
    with open(path, newline="", encoding="utf-8") as file:
        reader, before = csv.reader(file), 0
        for _ in reader:
            starts.append(before + 1)
            before = reader.line_num
    n_rows = data.draw(st.integers(1, len(rows)))
    found, texts = [], []
    for block in CsvTable(str(path)).blocks(["a", "b"], n_rows):
        found += [block.where(k) for k in range(len(block))]
        texts += block.rows
    assert found == [f"line {line}" for line in starts[1:]]
    assert texts == rows


# ------------------------------------------------------------------------------ pairs


@pytest.mark.parametrize(
    "header",
    [
        "left,right,label",
        "a,b,y",
        "ID_A,ID_B,Similar",
        "one,other,label",
        "id1,id2,is_match",
        "ltable_id,rtable_id,match",
    ],
)
def test_columns_are_guessed(header):
    path = put("pairs.csv", f"{header}\na,001,1\n1,b,0\n")
    pairs = pairs_of(path, items_of("items.npz"))
    assert pairs.index.tolist() == [[0, 2], [3, 1]]
    assert pairs.similar.tolist() == [1, 0]
    assert (pairs.weights, pairs.groups) == (None, None)


def test_columns_are_named():
    """Any order, further columns, and groups of one or two columns."""
    text = "note,r,w,g,truth,l,h\nx,a,2,p,no,b,q\ny,1,0.5,p,yes,001,r\n"
    given = {"left": "l", "right": "r", "label": "truth", "labels": ["no", "yes"]}
    path, items = put("pairs.tsv", text.replace(",", "\t")), items_of("items.npz")
    pairs = pairs_of(path, items, weight="w", groups=["g", "h"], **given)
    assert pairs.index.tolist() == [[1, 0], [2, 3]]
    assert pairs.similar.tolist() == [0, 1]
    assert pairs.weights.tolist() == [2.0, 0.5]
    assert pairs.groups.tolist() == [["p", "q"], ["p", "r"]]
    assert pairs_of(path, items, groups=["g"], **given).groups.tolist() == ["p", "p"]


@pytest.mark.parametrize(
    ("labels", "similar"),
    [
        (["0", "1", "0"], [0, 1, 0]),
        (["0.0", "1.0", "1"], [0, 1, 1]),
        (["-1", "1", "-1"], [0, 1, 0]),
        (["False", "true", "FALSE"], [0, 1, 0]),
    ],
)
def test_labels_that_need_no_explanation(labels, similar):
    text = "\n".join(["left,right,label", *[f"a,b,{label}" for label in labels]])
    pairs = pairs_of(put("pairs.csv", text), items_of("items.npz"))
    assert pairs.similar.tolist() == similar


@pytest.mark.parametrize(
    ("text", "given", "error"),
    [
        ("left,right,label\n", {}, "pairs.csv: the file holds no pairs"),
        ("a,b,c,d\n", {"left": "a"}, "pairs.csv: which column has the labels"),
        ("p,q,r,s\n", {}, "which column has the ids of the two sides.*--left and"),
        ("p\n", {}, "which column has the ids of the two sides"),
        ("left,right\n", {"label": "y"}, "no column 'y'; --label takes one of 'left'"),
        ("left,right,y\n", {"weight": "w"}, "no column 'w'; --weight takes"),
        ("left,right,y\n", {"groups": ["g"]}, "no column 'g'; --groups takes"),
        ("left,right,y\na,b,1\na,c,0\n", {}, "line 3: items.npz has no item 'c'"),
        ("left,right,y\na,01,1\n", {}, "line 2: items.npz has no item '01'; add it"),
        ("left,right,y\na, b,1\n", {}, "no item ' b'; there is 'b'; take away the bl"),
        ("left,right,y\na,b,1\na,b,\n", {}, "line 3: column 'y' is empty"),
        ("left,right,y\na,b,1\na,b,2\n", {}, "line 3: the label '2' is not 0 or 1"),
        (
            "left,right,y\na,b,yes\n",
            {},
            "the label 'yes' is .* --labels DISSIMILAR SIM",
        ),
        (
            "left,right,y\na,b,maybe\n",
            {"labels": ["no", "yes"]},
            "the label 'maybe' is neither 'no' nor 'yes', the two of --labels",
        ),
        (
            "left,right,y\na,b,0\na,1,-1\n",
            {},
            "line 3: there are labels 0 and labels -1",
        ),
        ("left,right,y\na,b,1\na,1,1\n", {}, "all 2 pairs are similar; both kinds"),
        ("left,right,y\na,b,0\n", {}, "all 1 pairs are dissimilar; both kinds"),
        ("left,right,y,w\na,b,0,-1\n", {"weight": "w"}, "line 2: the weight -1.0 in"),
        (
            "left,right,y,w\na,b,0,nan\n",
            {"weight": "w"},
            "the weight nan in column 'w'",
        ),
        (
            "left,right,y,w\na,b,0,x\n",
            {"weight": "w"},
            "line 2: 'x' in column 'w' is no",
        ),
    ],
)
def test_tables_that_are_no_pairs(text, given, error):
    with pytest.raises(TableError, match=error):
        pairs_of(put("pairs.csv", text), items_of("items.npz"), **given)


def test_row_numbers_that_are_not_there():
    items = items_of("rows.npy")
    path = put("pairs.csv", "left,right,y\n0,4,1\n")
    with pytest.raises(
        TableError, match="no item '4'; its ids are the row numbers 0 to"
    ):
        pairs_of(path, items)


def test_items_that_are_not_finite_are_named_if_used():
    array = ITEMS.copy()
    array[2, 1], array[3, 0] = np.nan, np.inf
    np.savez("bad.npz", items=array, ids=np.array(["a", "b", "c", "d"]))
    items = items_of("bad.npz")
    pairs_of(put("fine.csv", "left,right,y\na,b,1\nb,a,0\n"), items)
    for name in "cd":
        path = put("pairs.csv", f"left,right,y\na,b,1\nb,{name},0\n")
        with pytest.raises(TableError, match=f"bad.npz: item '{name}' has NaN or inf"):
            pairs_of(path, items)
    with pytest.raises(TableError, match="item 'c' has NaN"):
        items.require_all_finite()


# ---------------------------------------------------------------------------- parquet


def write_parquet(name, **columns):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns), name, row_group_size=2)
    return name


@needs_pyarrow
@pytest.mark.parametrize("n_rows", [1, 3, 100])
@pytest.mark.parametrize("kind", ["columns", "lists", "large", "fixed"])
def test_items_of_parquet(kind, n_rows, monkeypatch):
    """Columns of numbers or one of vectors, of any width that Parquet has."""
    import pyarrow as pa

    monkeypatch.setattr("sksymsim._tables.items.ROWS_AT_ONCE", n_rows)
    vectors = {
        "lists": pa.list_(pa.float32()),
        "large": pa.large_list(pa.float32()),
        "fixed": pa.list_(pa.float32(), WIDTH),
    }
    if kind == "columns":
        columns = dict(zip("xyz", ITEMS.T, strict=True))
    else:
        columns = {"v": pa.array(ITEMS.tolist(), type=vectors[kind]), "price": ITEMS[0]}
        columns["price"] = np.arange(4)
    title = pa.array(["p", "q", "p", None])
    path = write_parquet(
        "i.parquet", item=["001", "1", "c", "d"], title=title, **columns
    )
    items = items_of(path)
    np.testing.assert_array_equal(items.array, ITEMS)
    assert items.array.dtype == np.float32
    assert (items.ids, items.id_kind) == (["001", "1", "c", "d"], "text")


@needs_pyarrow
def test_pairs_of_parquet():
    """Ids of any kind of string or integer; labels of any type."""
    import pyarrow as pa

    ids = pa.array(["a", "b"]).dictionary_encode()
    right = pa.array(["001", "1"], type=pa.large_string())
    items = items_of("items.npz")
    for labels in ([0, 1], [False, True], [0.0, 1.0], ["0", "1"], [-1, 1]):
        path = write_parquet("p.parquet", a=ids, b=right, y=labels, w=[1, 2])
        pairs = pairs_of(path, items, weight="w")
        assert pairs.index.tolist() == [[0, 2], [1, 3]]
        assert pairs.similar.tolist() == [0, 1]
        assert pairs.weights.tolist() == [1, 2]
    path = write_parquet("p.parquet", a=[0, 3], b=[1, 2], y=[0, 1])
    assert pairs_of(path, items_of("rows.npy")).index.tolist() == [[0, 1], [3, 2]]


@needs_pyarrow
@pytest.mark.parametrize(
    ("columns", "given", "error"),
    [
        ({"id": [1.5], "x": [1.0]}, {}, "'id' holds double, and not strings or whole"),
        ({"id": ["a", None], "x": [1.0, 2.0]}, {}, "row 1 .* column 'id' is empty"),
        ({"id": ["a", "b"], "x": [1.0, None]}, {}, "row 1 .* column 'x' is empty"),
        (
            {"id": ["a", "b", "a"], "x": [1, 2, 3]},
            {},
            "row 2 .* id 'a' is that of item 1",
        ),
        ({"id": ["a"], "t": ["text"]}, {}, "no column is left for the embeddings"),
        (
            {"id": ["a"], "t": ["text"]},
            {"features": ["t"]},
            "'t' holds string, and not",
        ),
        ({"id": ["a"], "v": [["x"]]}, {}, "'v' holds list.*, and not lists of numbers"),
        ({"id": ["a", "b"], "v": [[1.0], [1.0, 2.0]]}, {}, "row 1 .* has 2 numbers"),
        ({"id": ["a", "b"], "v": [[1.0], [None]]}, {}, "row 1 .* which is no list"),
        ({"id": [], "x": []}, {}, "the file holds no items|no column is left"),
    ],
)
def test_parquet_that_is_no_items(columns, given, error):
    path = write_parquet("items.parquet", **columns)
    with pytest.raises(TableError, match=f"^items.parquet.*{error}"):
        items_of(path, **given)


@needs_pyarrow
@pytest.mark.parametrize("damage", ["text", "cut", "flipped"])
def test_parquet_that_cannot_be_read(damage):
    path = write_parquet("items.parquet", id=["a", "b"], x=[1.0, 2.0])
    content = Path(path).read_bytes()
    wrong = {"text": b"id,x\na,1\n", "cut": content[:-9], "flipped": bytearray(content)}
    if damage == "flipped":
        wrong["flipped"][4:40] = b"\xff" * 36
    Path(path).write_bytes(wrong[damage])
    with pytest.raises(TableError, match=r"items.parquet: this is no Parquet file"):
        items_of(path)


@needs_pyarrow
def test_from_parquet_to_parquet():
    """Integers stay integers, strings strings; numbers are those of the csv."""
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(0)
    items, index = rng.normal(size=(9, 2)), rng.integers(9, size=(40, 2))
    y = (np.abs(items[index[:, 0]] - items[index[:, 1]]).sum(axis=1) < 1.5).astype(int)
    model = SymmetricPairClassifier(alpha=0.1).fit(Pairs.from_index(items, index), y)
    save_model(model, "m.sksym")
    write_parquet("i.parquet", id=[f"{k:02d}" for k in range(9)], x=items[:, 0])
    np.save("i.npy", items)
    write_parquet("p.parquet", left=index[:, 0], right=index[:, 1])
    command = "score --model m.sksym --items i.npy --pairs p.parquet --log-odds --out"
    for name in ("o.parquet", "o.csv"):
        assert main([*command.split(), name]) == 0
    table = parquet.read_table("o.parquet")
    kinds = ["int64", "int64", "double", "double"]
    assert [str(kind) for kind in table.schema.types] == kinds
    with open("o.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert table.column_names == header
    for column, texts in zip(table.columns, zip(*rows, strict=True), strict=True):
        assert column.to_pylist() == list(map(float, texts))
    scores = model.decision_function(Pairs.from_index(items, index))
    assert table.column("log_odds").to_pylist() == scores.tolist()


@needs_pyarrow
def test_parquet_without_rows_has_columns():
    import pyarrow.parquet as parquet

    columns = {"left": "text", "right": "integer", "probability": "number"}
    with table_writer("none.parquet", columns):
        pass
    table = parquet.read_table("none.parquet")
    assert table.num_rows == 0
    assert table.column_names == list(columns)


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch, capsys):
    """Before any work, for reading and for writing."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for more in (["--pairs", "p.parquet"], ["--pairs", "p.csv", "--out", "o.parquet"]):
        put("p.parquet", "")
        model = SymmetricPairClassifier().fit(
            Pairs.from_index(ITEMS, [[0, 1], [2, 3]]), [0, 1]
        )
        save_model(model, "m.sksym")
        command = ["score", "--model", "m.sksym", "--items", "rows.npy", *more]
        assert main(command) == 1
        error = capsys.readouterr().err
        assert 'pip install "sksymsim[cli]", or use CSV.\n' in error
        assert error.count("\n") == 1


# --------------------------------------------------------------- what goes with a model


@pytest.fixture
def model_file():
    model = SymmetricPairClassifier().fit(
        Pairs.from_index(ITEMS, [[0, 1], [2, 3], [1, 3]]), [1, 0, 0]
    )
    save_model(model, "m.sksym")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (
            "score --items wide.npy --pairs p.csv",
            "wide.npy has vectors of 4 numbers, and",
        ),
        ("topk --items wide.npy", "m.sksym was fitted on 3; take items of the same"),
        (
            "topk --items rows.npy",
            "rows.npy has 4 items, so that there are no 10 neigh",
        ),
        ("topk --items rows.npy -k 4", "use -k 3 or less"),
        ("topk --items one.npy -k 1", "one.npy has one item, which has no neighbours"),
        ("topk --items rows.npy -k 1 --queries wide.npy", "wide.npy has vectors of 4"),
        ("topk --items nan.npy -k 1", "nan.npy: item '1' has NaN or infinity"),
        ("dedupe --items nan.npy", "nan.npy: item '1' has NaN or infinity"),
        ("link --items rows.npy --items-b nan.npy", "nan.npy: item '1' has NaN"),
        ("score --items nan.npy --pairs p.csv", "nan.npy: item '1' has NaN"),
        ("score --items none.npy --pairs p.csv", "none.npy: No such file or directory"),
        ("score --items rows.npy --pairs none.csv", "none.csv: No such file or dir"),
        ("score --items none.csv --pairs p.csv", "none.csv: No such file or directory"),
        ("score --items rows.npy --pairs p.csv --out .", "what kind of file is it?"),
        ("score --items rows.npy --pairs p.csv --out d.csv", "d.csv is a folder"),
        ("score --items rows.npy --pairs p.csv --out no/o.csv", "there is no folder"),
        (
            "score --items rows.npy --pairs p.csv --out o.xls",
            "what kind of file is it?",
        ),
        ("report --items rows.npy --pairs l.csv --out no/r.html", "there is no folder"),
    ],
)
def test_errors_are_one_line(model_file, command, error, capsys):
    np.save("wide.npy", np.ones((4, 4)))
    np.save("one.npy", ITEMS[:1])
    array = ITEMS.copy()
    array[1, 1] = np.nan
    np.save("nan.npy", array)
    put("p.csv", "left,right\n0,1\n")
    put("l.csv", "left,right,y\n0,1,1\n2,3,0\n")
    os.mkdir("d.csv")
    name, _, rest = command.partition(" ")
    assert main([name, "--model", "m.sksym", *rest.split()]) == 1
    output = capsys.readouterr()
    assert output.err.startswith("sksymsim: error: ")
    assert error in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"no model", b"\0" * 500])
def test_files_that_are_no_models(content, capsys):
    Path("m.sksym").write_bytes(content)
    assert main(["topk", "--model", "m.sksym", "--items", "rows.npy"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("sksymsim: error: m.sksym: ")
    assert error.count("\n") == 1


def test_a_card_without_a_rate(model_file, capsys, monkeypatch):
    """A model that does not say what it was fitted on needs --from-rate."""
    monkeypatch.setattr("sksymsim._commands.score.card_or_none", lambda model: None)
    put("p.csv", "left,right\n0,1\n")
    command = "score --model m.sksym --items rows.npy --pairs p.csv --rate 0.1"
    assert main(command.split()) == 1
    assert "give it by --from-rate" in capsys.readouterr().err
    assert main([*command.split(), "--from-rate", "0.5"]) == 0


def test_ids_that_look_like_numbers_stay_apart(model_file):
    """ "001" and "1" are two items, on the way in and on the way out."""
    put("p.csv", "left,right\n001,1\n1,001\n")
    command = "score --model m.sksym --items items.npz --pairs p.csv --out o.csv"
    assert main(command.split()) == 0
    lines = Path("o.csv").read_text().splitlines()
    assert [line.rpartition(",")[0] for line in lines[1:]] == ["001,1", "1,001"]


def test_ids_with_commas_and_breaks_come_back(model_file):
    names = ['x,"y"', "two\nlines", "é", " "]
    np.savez("odd.npz", items=ITEMS, ids=np.array(names))
    with open("p.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["left", "right"], names[:2], names[2:]])
    command = "score --model m.sksym --items odd.npz --pairs p.csv --out o.csv"
    assert main(command.split()) == 0
    with open("o.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert [row[:2] for row in rows[1:]] == [names[:2], names[2:]]


# ------------------------------------------------------------------- files and progress


def test_replacement_is_whole_or_not_at_all(folder):
    """An exception, an interrupt included, leaves the old file and nothing else."""
    path = folder / "file"
    with replacement(path) as file:
        file.write(b"first")

    def interrupted():
        with replacement(path) as file:
            file.write(b"second")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"first"
    before = sorted(folder.iterdir())
    with replacement(path) as file:
        file.write(b"second")
        file.flush()
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert sorted(folder.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/null")
def test_what_is_no_file_is_not_replaced():
    with replacement(os.devnull) as file:
        file.write(b"gone")
    assert not os.path.isfile(os.devnull)


@pytest.mark.skipif(os.name == "nt", reason="links are those of POSIX")
def test_a_link_stays_a_link(folder):
    (folder / "link").symlink_to(folder / "file")
    with replacement(folder / "link") as file:
        file.write(b"x")
    assert (folder / "link").is_symlink()
    assert (folder / "file").read_bytes() == b"x"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar_on_a_terminal(monkeypatch):
    """Redrawn in place at most ten times a second, and gone at the end."""
    now = [0.0]
    monkeypatch.setattr("sksymsim._commands.progress.time.monotonic", lambda: now[0])
    stream = Terminal()
    with Progress("reading", stream) as bar:
        for step in range(1, 101):
            now[0] += 0.0625
            bar.show(step / 200, step, "rows")
    drawn = stream.getvalue().split("\r")
    assert 45 <= len(drawn) - 3 <= 51
    assert drawn[-3].rstrip() == (
        "reading [" + "#" * 12 + "." * 12 + "]  50%  100 rows, 6 s left"
    )
    assert drawn[-2].strip() == drawn[-1] == ""


def test_bar_elsewhere_is_seldom(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("sksymsim._commands.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with Progress("reading", stream) as bar:
        for step in range(1, 101):
            now[0] += 0.11
            bar.show(step / 100, step, "rows")
    assert len(stream.getvalue().splitlines()) == 3
    with Progress("reading", None) as bar:
        bar.show(1.0, 1, "rows")


def test_streaming_does_not_depend_on_the_number_of_pairs(model_file, monkeypatch):
    """No more than two blocks of rows are held at any time."""
    import tracemalloc

    monkeypatch.setattr("sksymsim._tables.pairs.PAIRS_AT_ONCE", 500)
    peaks = []
    for n_pairs in (1000, 8000):
        put("p.csv", "left,right\n" + "0,1\n" * n_pairs)
        command = "score --model m.sksym --items rows.npy --pairs p.csv --out o.csv"
        tracemalloc.start()
        assert main(command.split()) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert Path("o.csv").read_text().count("\n") == 8001
    assert peaks[1] < 1.3 * peaks[0]
    assert load_model("m.sksym").n_features_in_ == WIDTH


# ------------------------------------------------------------------------ broken arrays


def test_an_array_whose_description_does_not_end(tmp_path):
    """NumPy parses it as Python, whose tokenizer has an error of its own."""
    path = tmp_path / "items.npy"
    np.save(path, np.ones((12, 3), dtype=np.float32))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(12, 3)", b"(12, 3(").replace(b"}", b" "))
    with pytest.raises(TableError, match=r"this is no npy file that can be read \("):
        items_of(path)


def test_an_archive_of_a_version_to_come(tmp_path):
    path = tmp_path / "items.npz"
    np.savez_compressed(path, items=np.ones((12, 3)))
    content = bytearray(path.read_bytes())
    # The version that is needed to extract, of which 22.9 is none.
    content[content.index(b"PK\x01\x02") + 6] = 229
    path.write_bytes(content)
    with pytest.raises(TableError, match="this is no npz file that can be read"):
        items_of(path)


def test_a_compressed_array_that_is_broken(tmp_path):
    path = tmp_path / "items.npz"
    np.savez_compressed(path, items=np.random.default_rng(0).normal(size=(40, 9)))
    content = bytearray(path.read_bytes())
    content[200:230] = b"\xff" * 30
    path.write_bytes(content)
    with pytest.raises(TableError, match="this is no npz file that can be read"):
        items_of(path)


def test_an_archive_larger_inside_than_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "items.npz"
    np.savez_compressed(path, items=np.zeros((10_000, 9)))
    monkeypatch.setattr(memory, "machine_bytes", lambda: 500_000)
    with pytest.raises(MemoryError, match=r"arrays of the file take 720 kB.*as \.npy"):
        items_of(path)
