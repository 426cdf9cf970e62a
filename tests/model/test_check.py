from dataclasses import replace

import pytest
import torch
from picos import mistral, save_model, train_base, write_extended, write_tokenizer

from tokext.errors import ModelError
from tokext.model.check import HIDDEN_AND_ROWS, LOGITS, check_logits, compare_models, record_samples
from tokext.model.head import Head, rounding_bound
from tokext.model.loaded import base_of, resize_model
from tokext.model.resize import resize_checkpoint
from tokext.records import read_record
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

SHORT = {"en": ["Yes.", "No, thanks.", "It is."], "ja": ["はい。"]}
OWN = ("<|im_start|>", "<|im_end|>", "[PAD]")


@pytest.fixture
def recorded(pair):
    """What a tiny model said, the model once it is resized, and its tokenizer."""
    model, extended = mistral(pair.base.size), load_tokenizer(pair.folder)
    before = record_samples(model, base_of(extended, pair.extension))
    resize_model(model, pair.extension, tokenizer=pair.base_folder)
    return before, model, extended


def with_logits(before, place, change):
    """The recording as if one logit had been another."""
    spoiled = before.samples[place].logits.clone()
    spoiled[0, 7] = change(spoiled[0, 7])
    before.samples[place] = replace(before.samples[place], logits=spoiled)
    return before


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("asked", [None, True])
def test_a_converted_checkpoint_is_compared_with_its_base_in_that_dtype(
    pair, tmp_path, dtype, asked
):
    model = mistral(pair.base.size, dtype=torch.float32)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    out = tmp_path / "out"
    done = resize_checkpoint(
        base, tokenizer=pair.folder, output=out, dtype=dtype, check_logits=asked
    )
    assert done.check is not None
    assert done.check.base_logits_equal
    assert done.check.proved_by == LOGITS


@pytest.mark.parametrize("place", [0, 3])
def test_a_logit_that_is_no_number_is_a_change_wherever_it_stands(pair, recorded, place):
    before, model, extended = recorded
    with pytest.raises(ModelError, match="changed by up to nan"):
        compare_models(
            with_logits(before, place, lambda _: float("nan")), model, extended, pair.extension
        )


@pytest.mark.parametrize("n_own", [1, 2, 3])
@pytest.mark.parametrize("door", ["files", "loaded"])
def test_a_base_of_any_size_and_short_texts_are_proved_in_float32(tmp_path, n_own, door):
    write_tokenizer(tmp_path / "t", SentencePieceModel(train_base()), OWN[:n_own])
    base = load_tokenizer(tmp_path / "t")
    extension = write_extended(tmp_path / "e", base)
    assert base.size == 400 + n_own
    model = mistral(base.size, dtype=torch.float32)
    if door == "files":
        folder, out = save_model(tmp_path / "m", model, tmp_path / "t"), tmp_path / "out"
        done = resize_checkpoint(folder, tokenizer=tmp_path / "e", output=out)
        assert read_record(out)["result"]["check"]["proved_by"] == done.check.proved_by
        found = check_logits(folder, out, texts=SHORT)
    else:
        before = record_samples(model, base, SHORT)
        resize_model(model, tmp_path / "e", tokenizer=tmp_path / "t")
        found = compare_models(before, model, load_tokenizer(tmp_path / "e"), extension)
    assert found.proved_by == (LOGITS if found.base_logits_equal else HIDDEN_AND_ROWS)
    assert 0 <= found.rounding_share < 1


def test_logits_that_a_kernel_rounded_otherwise_are_proved_by_what_they_are_made_of(pair, recorded):
    before, model, extended = recorded
    ulp = torch.finfo(torch.bfloat16).eps
    rounded = with_logits(before, 1, lambda logit: logit * (1 + ulp))
    found = compare_models(rounded, model, extended, pair.extension)
    assert (found.base_logits_equal, found.proved_by) == (False, HIDDEN_AND_ROWS)
    assert found.max_difference > 0
    assert 0 < found.rounding_share < 1


def test_more_than_rounding_is_refused(pair, recorded):
    before, model, extended = recorded
    with pytest.raises(ModelError, match="more than rounding explains"):
        compare_models(
            with_logits(before, 1, lambda logit: logit + 1), model, extended, pair.extension
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ("lm_head.weight", "the head's rows of base ids changed"),
        ("model.layers.1.mlp.down_proj.weight", "the hidden states changed"),
        ("model.embed_tokens.weight", "the hidden states changed"),
    ],
)
def test_a_changed_number_is_never_taken_for_rounding(pair, recorded, changed, message):
    before, model, extended = recorded
    row = before.samples[0].ids[0] if "embed" in changed else 7
    weight, step = model.get_parameter(changed), torch.finfo(torch.bfloat16).eps
    with torch.no_grad():
        weight[row] = weight[row] * (1 + 2 * step) if "head" in changed else weight[row] + 1
    with pytest.raises(ModelError, match=message):
        compare_models(before, model, extended, pair.extension)


def test_where_hidden_states_cannot_be_had_equal_bits_alone_are_a_proof(pair, recorded):
    before, model, extended = recorded
    before = replace(before, samples=[replace(s, hidden=None) for s in before.samples], head=None)
    assert compare_models(before, model, extended, pair.extension).proved_by == LOGITS
    rounded = with_logits(before, 1, lambda logit: logit * (1 + torch.finfo(torch.bfloat16).eps))
    with pytest.raises(ModelError, match="cannot be had"):
        compare_models(rounded, model, extended, pair.extension)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_sums_in_any_order_lie_within_the_stated_bound_of_each_other(dtype):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(5, 640, generator=generator).to(dtype)
    rows, bias = torch.randn(33, 640, generator=generator), torch.randn(33, generator=generator)
    head = Head(rows.to(dtype), bias.to(dtype))
    products = hidden.float()[:, None] * head.rows.float()
    sums = []
    for _ in range(10):
        total = head.bias.float().expand(5, -1)
        for place in torch.randperm(640, generator=generator).tolist():
            total = total + products[..., place]
        sums.append(total.to(dtype).float())
    apart = torch.stack(sums).amax(0) - torch.stack(sums).amin(0)
    bound = rounding_bound(hidden, head, 33)
    assert bound.shape == apart.shape
    assert (apart <= bound).all()
    assert apart.any() or dtype is torch.bfloat16
