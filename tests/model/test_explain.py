import pytest
from safetensors.torch import load_file

from tokext.errors import ModelError
from tokext.model.explain import explain_text
from tokext.model.resize import resize_checkpoint


@pytest.fixture(scope="module")
def extended(pico, pair, tmp_path_factory):
    out = tmp_path_factory.mktemp("explained") / "out"
    resize_checkpoint(pico, tokenizer=pair.folder, output=out, check_logits=False)
    return out


def test_an_added_piece_tells_its_constituents_count_and_norms(extended, pair):
    (found,) = explain_text("東京", extended)
    added = pair.plain
    assert (found.piece, found.id, found.count) == ("東京", added.id, added.count)
    assert [text for _, text in found.constituents] == ["東", "京"]
    assert [i for i, _ in found.constituents] == list(added.constituents)
    assert found.origin == "subword-mean"
    assert found.shares == tuple((i, 0.5) for i in added.constituents)
    tensors = load_file(extended / "model.safetensors")
    norm = tensors["model.embed_tokens.weight"][found.id].float().norm()
    assert found.input_norm == pytest.approx(float(norm))
    assert found.head_norm == pytest.approx(
        float(tensors["lm_head.weight"][found.id].float().norm())
    )


def test_a_base_piece_is_called_so(extended):
    found = explain_text("train", extended)
    assert {piece.origin for piece in found} == {"base"}
    assert all(piece.count is None for piece in found)


def test_a_piece_of_fallback_bytes_names_its_rule(extended):
    assert explain_text("鰯", extended)[0].origin == "bytes-and-center"


def test_a_folder_without_rows_json_is_refused(pico):
    with pytest.raises(ModelError, match=r"has no rows\.json"):
        explain_text("東京", pico)
