"""The small JSON files beside a tokenizer.model: read, or refused by name."""

import json
import shutil

import pytest

from tokext.errors import TokenizerError
from tokext.merge.write import write_tokenizer
from tokext.tokenizer.load import load_tokenizer

SIZE = 32000


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """Mistral's tokenizer.model and configuration, without tokenizer.json."""
    folder = tmp_path_factory.mktemp("slow") / "base"
    folder.mkdir()
    write_tokenizer(folder, load_tokenizer("mistralai/Mistral-7B-v0.1"))
    (folder / "tokenizer.json").unlink()
    return folder


@pytest.fixture
def base(slow, tmp_path):
    return shutil.copytree(slow, tmp_path / "base")


def state(base, *, added=None, decoder=None):
    """Write tokens into added_tokens.json, into the configuration's decoder, or both."""
    if added is not None:
        (base / "added_tokens.json").write_text(json.dumps(added))
    if decoder is not None:
        path = base / "tokenizer_config.json"
        config = json.loads(path.read_text())
        path.write_text(json.dumps(config | {"added_tokens_decoder": decoder}))


def token(content, **flags):
    return {"content": content, **flags}


@pytest.mark.parametrize(
    "name", ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"]
)
@pytest.mark.parametrize(
    ("content", "said"),
    [("[]", r"not a JSON object: it holds \[\]"), ('{"a":', "not valid JSON"),
     ("[" * 100_000, "not valid JSON"), ("\ufeff{}", "not valid JSON")],
)  # fmt: skip
def test_a_side_file_that_is_no_json_object_is_refused_by_name(base, name, content, said):
    (base / name).write_text(content, encoding="utf-8")
    with pytest.raises(TokenizerError, match=f"{name} is {said}") as error:
        load_tokenizer(base)
    assert "tokenizer.model" in error.value.hint


def test_a_side_file_in_another_encoding_is_refused_by_name(base):
    (base / "tokenizer_config.json").write_bytes("{}".encode("utf-16"))
    with pytest.raises(TokenizerError, match=r"tokenizer_config\.json is not valid JSON"):
        load_tokenizer(base)


def test_tokens_above_the_model_stand_in_id_order_with_their_flags(base):
    state(
        base,
        added={"<c>": SIZE + 2, "<a>": SIZE},
        decoder={
            str(SIZE + 1): token("<b>", lstrip=True, normalized=True),
            str(SIZE): token("<a>", special=True),
        },
    )
    opened = load_tokenizer(base)
    assert opened.size == SIZE + 3
    assert [p.text for p in opened.pieces[SIZE:]] == ["<a>", "<b>", "<c>"]
    above = opened.fast.added_tokens[-3:]
    assert [(t["special"], t["lstrip"]) for t in above] == [
        (True, False), (False, True), (False, False),
    ]  # fmt: skip
    assert [i for i in opened.fast.encode("x<a>y <b>z<c>") if i >= SIZE] == [*range(SIZE, SIZE + 3)]


@pytest.mark.parametrize(
    ("added", "decoder", "said"),
    [
        ({"<a>": SIZE}, {str(SIZE): token("<b>")}, rf"id {SIZE} to '<a>', but .* is '<b>'"),
        ({"<a>": SIZE}, {str(SIZE + 1): token("<a>")}, rf"'<a>' is id {SIZE + 1}"),
        ({"<s>": SIZE}, {}, "'<s>' is id 1"),
        ({"<a>": 1}, {}, "id 1 to '<a>', but elsewhere that is '<s>'"),
        ({"<a>": SIZE + 1}, {}, f"no piece for id {SIZE}"),
        ({}, {str(SIZE + 7): token("<a>")}, f"no piece for id {SIZE}"),
        ({"<a>": "32000"}, {}, r'\{"<a>": "32000"\}, which is no token'),
        ({"<a>": True}, {}, "no token"),
        ({"<a>": -1}, {}, "no token"),
        ({"": SIZE}, {}, "no token"),
        ({}, [1], r"added_tokens_decoder in tokenizer_config\.json holds \[1\]"),
        ({}, {"x": token("<a>")}, "no token"),
        ({}, {str(SIZE): "<a>"}, "no token"),
        ({}, {str(SIZE): token(7)}, "no token"),
    ],
)
def test_tokens_that_cannot_be_so_are_refused_by_name(base, added, decoder, said):
    state(base, added=added, decoder=decoder)
    with pytest.raises(TokenizerError, match=said) as error:
        _ = load_tokenizer(base).size
    assert error.value.hint
    assert str(base) in str(error.value)
