import shutil
from dataclasses import replace

import pytest
from picos import mistral

from tokext.errors import ModelError
from tokext.model.loaded import resize_model
from tokext.model.resize import resize_checkpoint
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

FILES = ["tokenizer.model", "tokenizer.json"]


@pytest.fixture
def copied(pair, tmp_path):
    """A tokenizer folder with its record, to be spoiled."""
    return shutil.copytree(pair.folder, tmp_path / "extended")


def refused(pico, pair, folder, message):
    """Both doors refuse the folder, and change nothing."""
    out = folder.parent / "out"
    with pytest.raises(ModelError, match=message):
        resize_checkpoint(pico, tokenizer=folder, output=out, check_logits=False)
    assert not out.exists()
    model = mistral(pair.base.size)
    with pytest.raises(ModelError, match=message):
        resize_model(model, folder, tokenizer=pair.base_folder, check_logits=False)
    assert model.config.vocab_size == pair.base.size


@pytest.mark.parametrize("stale", [FILES, FILES[:1], FILES[1:]])
def test_tokenizer_files_of_before_the_merge_are_refused(pico, pair, copied, stale):
    for name in stale:
        shutil.copyfile(pair.base_folder / name, copied / name)
    first = pair.extension.added[0]
    message = f"{first.piece!r} is id {first.id} there, and {stale[0]} has no such piece"
    refused(pico, pair, copied, message)


def test_pieces_in_other_places_are_refused(pico, pair, copied):
    model = load_tokenizer(copied).model
    pieces = list(model.pieces)
    one, other = (added.id for added in pair.extension.added[:2])
    pieces[one], pieces[other] = pieces[other], pieces[one]
    data = SentencePieceModel.build(pieces, like=model).data
    (copied / "tokenizer.model").write_bytes(data)
    refused(pico, pair, copied, f"is id {one} there, and tokenizer.model has it at {other}")


def test_more_ids_than_the_record_knows_are_refused(pico, pair, copied):
    size = pair.extension.size
    replace(pair.extension, padded_size=size, padding=()).write(copied)
    padded = pair.extension.padded_size
    refused(pico, pair, copied, f"knows {size} to {size} ids, and tokenizer.model {padded}")


def test_another_base_piece_is_refused_where_the_base_is_at_hand(pico, pair, copied):
    model = load_tokenizer(copied).model
    pieces = list(model.pieces)
    pieces[399] = replace(pieces[399], text="another")
    data = SentencePieceModel.build(pieces, like=model).data
    (copied / "tokenizer.model").write_bytes(data)
    with pytest.raises(ModelError, match=r"is id 399 there, and tokenizer\.model has no"):
        resize_checkpoint(pico, tokenizer=copied, output=copied.parent / "out")
