"""A checkpoint may have rows above its vocabulary, and special ids that point at them."""

import re

import pytest
from picos import mistral, save_model

from tokext.errors import ModelError
from tokext.model.loaded import resize_model
from tokext.model.resize import resize_checkpoint
from tokext.model.special_ids import check_special_ids

N_ROWS = 448


def refused(pair, tmp_path, model, name, met):
    base = save_model(tmp_path / "base", model, pair.base_folder)
    named = re.escape(met)
    with pytest.raises(ModelError, match=named.replace("_in_", f" in {name} ")) as error:
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert "below 400" in error.value.hint
    assert not (tmp_path / "out").exists()
    own = f" in the model's {name.removesuffix('.json')} "
    with pytest.raises(ModelError, match=named.replace("_in_", own)):
        resize_model(model, pair.folder, tokenizer=pair.base_folder)
    assert len(model.get_input_embeddings().weight) == N_ROWS


def test_an_end_of_turn_that_would_become_a_piece_is_refused_by_both_doors(pair, tmp_path):
    model = mistral(N_ROWS)
    model.generation_config.eos_token_id = [2, 401]
    piece = pair.extension.added[1].piece
    met = f"eos_token_id_in_is 401, where {piece!r} would go"
    refused(pair, tmp_path, model, "generation_config.json", met)


def test_a_padding_id_that_would_become_a_piece_is_refused_by_both_doors(pair, tmp_path):
    model = mistral(N_ROWS)
    model.config.pad_token_id = 400
    piece = pair.extension.added[0].piece
    refused(pair, tmp_path, model, "config.json", f"pad_token_id_in_is 400, where {piece!r}")


def test_an_id_that_would_be_suppressed_as_padding_is_refused(pair, tmp_path):
    model = mistral(N_ROWS)
    model.config.eos_token_id = 447
    refused(pair, tmp_path, model, "config.json", "eos_token_id_in_is 447, where padding would go")


@pytest.mark.parametrize("value", [None, 2, -1, [1, 2], 448, "400", [[400]], 400.0, True])
def test_ids_that_keep_their_meaning_and_what_is_no_id_are_let_pass(pair, value):
    config = {"eos_token_id": value, "vocab_size": 410, "text_config": {"pad_token_id": value}}
    check_special_ids({"config.json": config, "generation_config.json": None}, pair.extension, 448)


def test_the_config_of_the_text_model_within_another_is_looked_at(pair):
    config = {"text_config": {"bos_token_id": 400}}
    with pytest.raises(ModelError, match=r"bos_token_id in config\.json is 400"):
        check_special_ids({"config.json": config}, pair.extension, 448)
