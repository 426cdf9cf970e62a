from dataclasses import replace

import pytest
import torch
from picos import mistral, save_model

from tokext.errors import ModelError
from tokext.model.check import compare_models, record_samples
from tokext.model.loaded import base_of, resize_model
from tokext.model.resize import resize_checkpoint
from tokext.tokenizer.load import load_tokenizer


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


@pytest.mark.parametrize("place", [0, 3])
def test_a_logit_that_is_no_number_is_a_change_wherever_it_stands(pair, place):
    model, extended = mistral(pair.base.size), load_tokenizer(pair.folder)
    before = record_samples(model, base_of(extended, pair.extension))
    resize_model(model, pair.extension)
    spoiled = before[place].logits.clone()
    spoiled[0, 7] = float("nan")
    before[place] = replace(before[place], logits=spoiled)
    with pytest.raises(ModelError, match="changed by up to nan"):
        compare_models(before, model, extended, pair.extension)
