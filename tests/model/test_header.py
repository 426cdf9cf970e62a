import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from tokext.errors import ModelError
from tokext.model.header import MAX_HEADER_BYTES, read_header, write_header

SHAPES = st.lists(st.integers(0, 5), max_size=3)
DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "U8": torch.uint8, "I64": torch.int64}


def entry(begin: int, end: int, shape: list, dtype: str = "U8") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def write(path: Path, header: object, body: bytes = b"", length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + body)
    return path


@given(st.lists(st.tuples(st.sampled_from(sorted(DTYPES)), SHAPES), min_size=1, max_size=5))
def test_what_the_safetensors_library_saves_is_read_alike(tmp_path_factory, described):
    tensors = {f"t{n}": torch.zeros(s, dtype=DTYPES[d]) for n, (d, s) in enumerate(described)}
    path = tmp_path_factory.mktemp("st") / "model.safetensors"
    path.write_bytes(save(tensors, {"format": "pt"}))
    header = read_header(path)
    assert {e.name: e.shape for e in header.tensors} == {
        n: tuple(t.shape) for n, t in tensors.items()
    }
    assert header.metadata == {"format": "pt"}
    assert path.read_bytes().startswith(header.raw)


@given(st.lists(SHAPES, min_size=1, max_size=5))
def test_what_is_written_is_read_by_the_safetensors_library(shapes):
    described = [(f"t{n}", "F32", tuple(shape)) for n, shape in enumerate(shapes)]
    size = sum(4 * torch.zeros(s).numel() for s in shapes)
    loaded = load(write_header(described, {"format": "pt"}) + bytes(size))
    assert {n: tuple(t.shape) for n, t in loaded.items()} == {n: s for n, _, s in described}


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        ({"a": entry(0, 4, [4])}, b"123", "its tensors need"),
        ({"a": entry(0, 4, [4])}, b"12345", "its tensors need"),
        ({"a": entry(0, 4, [5])}, b"1234", "cannot fill bytes 0 to 4"),
        ({"a": entry(0, 4, [4], "F32")}, b"1234", "cannot fill bytes 0 to 4"),
        ({"a": entry(0, 4, [4]), "b": entry(2, 6, [4])}, b"123456", "'b' overlaps"),
        ({"a": entry(0, 4, [4]), "b": entry(0, 4, [4])}, b"1234", "'b' overlaps"),
        ({"a": entry(0, 2, [2]), "b": entry(4, 6, [2])}, b"123456", "a hole before 'b'"),
        ({"a": entry(-2, 2, [4])}, b"1234", "not a whole number"),
        ({"a": entry(4, 0, [-4])}, b"1234", "not a whole number"),
        ({"a": entry(0, 4, [4.0])}, b"1234", "not a whole number"),
        ({"a": entry(0, 1, [True])}, b"1", "not a whole number"),
        ({"a": entry(0, 4, [4], "Q4")}, b"1234", "unknown dtype 'Q4'"),
        ({"a": {"dtype": "U8"}}, b"", "without dtype, shape and offsets"),
        ({"a": 5}, b"", "without dtype, shape and offsets"),
        ({"a": {"dtype": ["U8"], "shape": [], "data_offsets": [0, 1]}}, b"1", "unknown dtype"),
        ({"__metadata__": {"a": 1}}, b"", "not a table of texts"),
        ({"a": entry(0, 10**30, [10**30])}, b"1", "its tensors need"),
        (b'{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":5}', b"1", "names 'a' twice"),
        (b"[1]", b"", "not a table"),
        (b"{not json", b"", "not JSON"),
        (b"\xff\xfe", b"", "not JSON"),
        (b"[" * 100_000, b"", "not JSON"),
    ],
)
def test_a_header_that_lies_is_refused_by_name(tmp_path, header, body, message):
    with pytest.raises(ModelError, match=message):
        read_header(write(tmp_path / "model.safetensors", header, body))


def test_a_file_too_short_for_a_header_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"123")
    with pytest.raises(ModelError, match="too few for a header"):
        read_header(tmp_path / "model.safetensors")


def test_a_header_longer_than_the_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="claims 1,000 bytes of 10 in all"):
        read_header(write(tmp_path / "model.safetensors", {}, length=1000))


def test_a_header_of_gigabytes_is_refused_unread(tmp_path):
    path = write(tmp_path / "model.safetensors", {}, length=MAX_HEADER_BYTES * 100)
    with path.open("r+b") as file:
        file.truncate(8 + MAX_HEADER_BYTES * 100)
    with pytest.raises(ModelError, match="claims 2,400,000,000 bytes"):
        read_header(path)
