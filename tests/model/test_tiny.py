from dataclasses import replace

import pytest
import torch
from picos import TEXT, mistral

from tokext.errors import InputError, ModelError
from tokext.model.bits import bits_per_char, next_logits, unigram_bits_per_char
from tokext.model.check import check_logits
from tokext.model.resize import resize_checkpoint
from tokext.model.tiny import TinyOptions, train_tiny

OPTIONS = TinyOptions(width=32, steps=120, batch_size=4, window=32, rate=1e-2)


@pytest.fixture(scope="module")
def trained(pair, tmp_path_factory):
    out = tmp_path_factory.mktemp("tiny") / "model"
    return train_tiny(TEXT, pair.base_folder, out, options=OPTIONS)


def test_it_beats_a_unigram_model_and_loads_by_itself(trained, pair):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(trained.output)
    unigram = unigram_bits_per_char(TEXT, TEXT[:4], pair.base, pair.base.size)
    assert bits_per_char(model, pair.base, TEXT[:4]) < unigram / 2
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight


#: Japanese and English of the training text's kind, in other words.
HELD_OUT = {
    "ja": ["日本の駅を出る電車は東京と京都を走る。"],
    "en": ["She asked the platform to open the file and look at the train."],
}


def test_it_is_trained_until_it_beats_a_unigram_model_in_both_languages(pair, tmp_path):
    few = replace(OPTIONS, steps=12)
    done = train_tiny(TEXT, pair.base_folder, tmp_path / "model", options=few, held_out=HELD_OUT)
    assert done.n_tokens_seen > few.steps * few.batch_size * few.window
    assert set(done.held_out) == {"ja", "en"}
    for name, bits in done.held_out.items():
        assert bits["model"] < bits["unigram"], name
        expected = unigram_bits_per_char(TEXT, HELD_OUT[name], pair.base, pair.base.size)
        assert bits["unigram"] == expected


def test_a_model_no_better_than_a_unigram_model_in_one_language_is_not_saved(pair, tmp_path):
    options = replace(OPTIONS, steps=1)
    with pytest.raises(ModelError, match="after 4 steps the model needs"):
        train_tiny(TEXT, pair.base_folder, tmp_path / "m", options=options, held_out=HELD_OUT)
    assert not (tmp_path / "m").exists()


def test_the_same_seed_trains_the_same_model(trained, pair, tmp_path):
    train_tiny(TEXT, pair.base_folder, tmp_path / "again", options=OPTIONS)
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (trained.output / name).read_bytes()


def test_training_shows_no_progress_but_tokext_s_own(pair, tmp_path, capfd):
    capfd.readouterr()
    train_tiny(TEXT, pair.base_folder, tmp_path / "model", options=replace(OPTIONS, steps=2))
    assert capfd.readouterr() == ("", "")


def test_extending_a_trained_model_keeps_its_english(trained, pair, tmp_path):
    result = resize_checkpoint(trained.output, tokenizer=pair.folder, output=tmp_path / "out")
    assert result.check is not None
    before, after = result.check.bits_per_char_before, result.check.bits_per_char_after
    assert result.check.base_logits_equal
    assert after["en"] - before["en"] < 0.3
    seen = check_logits(trained.output, tmp_path / "out", texts={"en": TEXT[:2], "ja": TEXT[2:4]})
    assert seen.largest_padding_share < 0.01


def test_a_model_that_knows_nothing_needs_the_log_of_the_vocabulary(pair):
    model = mistral(pair.base.size, dtype=torch.float32)
    torch.nn.init.zeros_(model.lm_head.weight)
    n_tokens, n_chars = len(pair.base.encode(TEXT[0])), len(TEXT[0])
    expected = n_tokens * torch.tensor(400.0).log2() / n_chars
    assert bits_per_char(model, pair.base, TEXT[0]) == pytest.approx(float(expected), rel=1e-4)


def test_logits_foretell_each_id_from_those_before_it(pair):
    model = mistral(pair.base.size, dtype=torch.float32)
    whole = model(input_ids=torch.tensor([[1, 300, 301]])).logits[0]
    torch.testing.assert_close(next_logits(model, [300, 301]), whole[:2])


def test_no_text_cannot_be_measured(pair):
    with pytest.raises(InputError, match="no text to measure"):
        bits_per_char(mistral(pair.base.size), pair.base, [])
    with pytest.raises(InputError, match="no text to measure"):
        unigram_bits_per_char(TEXT, [], pair.base, pair.base.size)


def test_a_corpus_shorter_than_a_window_is_refused(pair, tmp_path):
    with pytest.raises(InputError, match="fewer than a window of 32"):
        train_tiny(["短い"], pair.base_folder, tmp_path / "out", options=OPTIONS)
