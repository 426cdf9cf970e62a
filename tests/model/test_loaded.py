import gc
import json
import os
import subprocess
import sys

import pytest
import torch
from picos import mistral, save_model, train_base, write_extended, write_tokenizer
from safetensors.torch import load_file

from tokext.errors import InputError, ModelError
from tokext.model import align, loaded
from tokext.model.loaded import resize_model
from tokext.model.resize import resize_checkpoint
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

INPUT, HEAD = "model.embed_tokens.weight", "lm_head.weight"
INITS = ["subword-mean", "weighted-mean", "align", "global-mean", "normal", "zero"]
SAMPLE = ["東京と京都の電車。鰯雲の下、日本の本屋で本を読む。"]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("init", INITS)
def test_both_doors_make_the_same_rows(pair, tmp_path, init, tied):
    model = mistral(pair.base.size, tied=tied)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    resize_checkpoint(
        base,
        tokenizer=pair.folder,
        output=tmp_path / "out",
        init=init,
        sample=SAMPLE if init == "align" else None,
        check_logits=False,
    )
    sample = SAMPLE if init == "align" else None
    done = resize_model(model, pair.folder, init=init, sample=sample, tokenizer=pair.base_folder)
    state = model.state_dict()
    for name, tensor in load_file(tmp_path / "out" / "model.safetensors").items():
        assert torch.equal(state[name], tensor), name
    assert done.n_rows == model.config.vocab_size == pair.extension.padded_size
    assert model.get_input_embeddings().num_embeddings == done.n_rows
    assert model.get_output_embeddings().out_features == done.n_rows
    assert model.generation_config.suppress_tokens == list(pair.extension.padding)
    assert (model.get_input_embeddings().weight is model.get_output_embeddings().weight) is tied


def test_both_doors_read_as_many_lines_of_a_sample(pair, pico, tmp_path, monkeypatch):
    from transformers import AutoModelForCausalLM

    monkeypatch.setattr(align, "SAMPLE_LINES", 1)
    sample = ["、東京", "、京都"]
    options = {"init": "align", "sample": sample, "check_logits": False}
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", **options)
    told = json.loads((tmp_path / "out" / "rows.json").read_text(encoding="utf-8"))
    origins = {row["piece"]: row["origin"] for row in told["rows"]}
    assert (origins["東京"], origins["京都"]) == ("align", "subword-mean")
    model = AutoModelForCausalLM.from_pretrained(pico)
    resize_model(model, pair.folder, **options)
    written = load_file(tmp_path / "out" / "model.safetensors")
    assert torch.equal(model.get_output_embeddings().weight, written[HEAD])


def test_a_check_that_refuses_says_that_the_model_is_resized_already(pair, monkeypatch):
    """Here a base row is spoiled while the rows are replaced."""

    def spoiled(model, *arguments):
        done = replace(model, *arguments)
        with torch.no_grad():
            model.get_output_embeddings().weight[300] += 1
        return done

    replace = loaded._replace
    monkeypatch.setattr(loaded, "_replace", spoiled)
    model = mistral(pair.base.size)
    with pytest.raises(
        ModelError, match=r"changed\. The model in memory is resized already"
    ) as error:
        resize_model(model, pair.folder, tokenizer=pair.base_folder)
    assert error.value.hint.startswith("load it again")
    assert model.config.vocab_size == pair.extension.padded_size


def test_the_check_proves_the_base_logits_kept(pair):
    done = resize_model(
        mistral(pair.base.size), pair.folder, tokenizer=pair.base_folder, check_logits=True
    )
    assert done.check is not None
    assert done.check.base_logits_equal
    assert done.check.max_difference == 0
    assert set(done.check.bits_per_char_before) == {"en", "ja"}


def test_a_resized_model_trains_saves_and_loads(pair, tmp_path):
    from transformers import AutoModelForCausalLM

    model = mistral(pair.base.size, dtype=torch.float32)
    resize_model(model, pair.extension, tokenizer=pair.base_folder)
    ids = torch.tensor([[1, pair.plain.id, 300]])
    model(input_ids=ids, labels=ids).loss.backward()
    assert model.get_input_embeddings().weight.grad is not None
    model.save_pretrained(tmp_path / "saved")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    assert again.config.vocab_size == pair.extension.padded_size
    assert torch.equal(again(input_ids=ids).logits, model(input_ids=ids).logits)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("place", ["cpu", "disk"])
def test_parameters_that_accelerate_put_elsewhere_are_resized(pair, tmp_path, place, tied):
    """With offloading the modules hold nothing; the numbers are in memory or on disk."""
    from accelerate import cpu_offload, disk_offload
    from transformers import AutoModelForCausalLM

    model = mistral(pair.base.size, tied=tied, dtype=torch.float32)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    ids = torch.tensor([[1, *range(300, 350)]])
    before = model(input_ids=ids).logits
    resize_model(model, pair.extension, tokenizer=pair.base_folder)
    expected = model(input_ids=torch.tensor([[1, pair.plain.id]])).logits

    offloaded = AutoModelForCausalLM.from_pretrained(base)
    if place == "cpu":
        cpu_offload(offloaded, execution_device=torch.device("cpu"))
    else:
        disk_offload(offloaded, str(tmp_path / "disk"), execution_device=torch.device("cpu"))
    assert offloaded.get_input_embeddings().weight.is_meta
    resize_model(offloaded, pair.extension)
    after = offloaded(input_ids=ids).logits
    assert after.shape[-1] == pair.extension.padded_size
    assert torch.equal(after[..., : pair.base.size], before)
    new = offloaded(input_ids=torch.tensor([[1, pair.plain.id]])).logits
    torch.testing.assert_close(new, expected)
    del offloaded
    gc.collect()


def test_a_model_that_device_map_put_on_disk_is_resized_and_checked(pair, tmp_path):
    from transformers import AutoModelForCausalLM

    model = mistral(pair.base.size, dtype=torch.float32)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    offloaded = AutoModelForCausalLM.from_pretrained(
        base, device_map="auto", max_memory={"cpu": 60_000}, offload_folder=tmp_path / "disk"
    )
    assert "disk" in offloaded.hf_device_map.values()
    done = resize_model(offloaded, pair.folder)
    assert done.check is not None
    assert done.check.base_logits_equal
    ids = torch.tensor([[1, *range(300, 350)]])
    after = offloaded(input_ids=ids).logits[..., : pair.base.size]
    assert torch.equal(after, model(input_ids=ids).logits)
    del offloaded
    gc.collect()


def test_the_check_is_the_default_below_a_size_and_where_there_is_text(pair, monkeypatch):
    assert (
        resize_model(mistral(pair.base.size), pair.folder, tokenizer=pair.base_folder).check
        is not None
    )
    assert (
        resize_model(mistral(pair.base.size), pair.extension, tokenizer=pair.base_folder).check
        is None
    )
    monkeypatch.setattr(loaded, "CHECKED_PARAMETERS", 10)
    assert (
        resize_model(mistral(pair.base.size), pair.folder, tokenizer=pair.base_folder).check is None
    )


def test_a_model_in_training_is_checked_without_its_dropout_and_stays_in_training(pair):
    model = mistral(pair.base.size).train()
    model.config.attention_dropout = 0.5
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.5
    assert resize_model(model, pair.folder, tokenizer=pair.base_folder).check is not None
    assert model.training


def test_a_model_in_four_bit_is_refused_with_what_to_do_instead(pair):
    model = mistral(pair.base.size)
    model.is_loaded_in_4bit = True  # as bitsandbytes' loader marks it
    with pytest.raises(ModelError, match="quantized in memory") as error:
        resize_model(model, pair.extension, tokenizer=pair.base_folder)
    assert "tokext resize" in error.value.hint
    assert model.config.vocab_size == pair.base.size


def test_a_model_without_numbers_is_refused(pair):
    with pytest.raises(ModelError, match="holds no numbers"):
        resize_model(mistral(pair.base.size).to("meta"), pair.extension, tokenizer=pair.base_folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": "weighted-mean"}, "weighted-mean needs to know the bytes"),
        ({"init": "align"}, "align needs a sample"),
        ({"init": "zero", "sample": SAMPLE}, "a sample was given, .* 'zero' reads none"),
        ({"init": "median"}, "unknown initialization 'median'"),
        ({"check_logits": True}, "the check needs text"),
    ],
)
def test_what_an_option_lacks_is_said(pair, options, message):
    model = mistral(pair.base.size)
    with pytest.raises(InputError, match=message):
        resize_model(model, pair.extension, tokenizer=pair.base_folder, **options)
    assert model.config.vocab_size == pair.base.size


def test_rows_beyond_the_extension_are_never_shrunk(pair):
    n_rows = pair.extension.padded_size + 5
    model = mistral(n_rows)
    done = resize_model(model, pair.extension, tokenizer=pair.base_folder)
    assert done.n_rows == n_rows
    assert model.generation_config.suppress_tokens[-1] == n_rows - 1


@pytest.mark.parametrize("rows_given", [50, 335])
def test_too_few_rows_for_the_base_are_refused_and_kept(pair, rows_given):
    model = mistral(rows_given)
    before = model.get_input_embeddings().weight.clone()
    with pytest.raises(ModelError, match=f"{rows_given} rows, and .* 400 pieces: it is another"):
        resize_model(model, pair.folder, tokenizer=pair.base_folder)
    assert torch.equal(model.get_input_embeddings().weight, before)


def test_a_model_whose_tokenizer_cannot_be_told_is_refused_and_kept(pair, tmp_path):
    """Two bases may have the same number of rows: Llama 2 and Mistral both have 32,000."""
    from transformers import AutoModelForCausalLM

    told = "its base cannot be told: "
    with pytest.raises(ModelError, match=f"{told}it does not say where it was loaded") as error:
        resize_model(mistral(pair.base.size), pair.folder)
    assert "tokenizer=" in error.value.hint
    mistral(pair.base.size).save_pretrained(tmp_path / "bare")
    bare = AutoModelForCausalLM.from_pretrained(tmp_path / "bare")
    with pytest.raises(ModelError, match=f"{told}.*holds neither tokenizer.model nor"):
        resize_model(bare, pair.folder)
    whole = save_model(tmp_path / "whole", mistral(pair.base.size), pair.base_folder)
    model = AutoModelForCausalLM.from_pretrained(whole)
    model.resize_token_embeddings(402, mean_resizing=False)
    with pytest.raises(ModelError, match=f"{told}it has 402 rows, and .* states 400"):
        resize_model(model, pair.folder)
    assert model.config.vocab_size == 402


def test_a_model_that_was_resized_is_extended_again_by_its_new_tokenizer(pair, tmp_path):
    model = mistral(pair.base.size)
    resize_model(model, pair.folder, tokenizer=pair.base_folder)
    extension = write_extended(tmp_path / "ext", load_tokenizer(pair.folder), ["行を開く"])
    with pytest.raises(ModelError, match="it was resized since it was loaded"):
        resize_model(model, tmp_path / "ext")
    resize_model(model, tmp_path / "ext", tokenizer=pair.folder)
    assert model.config.vocab_size == extension.padded_size


_FROM_HUB = """
import sys
from transformers import AutoModelForCausalLM
from tokext.errors import ModelError
from tokext.model import resize_model
model = AutoModelForCausalLM.from_pretrained("someone/pico")
try:
    print(resize_model(model, sys.argv[1]).check.base_logits_equal)
except ModelError as error:
    print(error, model.config.vocab_size)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("its own", "True"),
        ("two pieces swapped", "its rows would belong to other pieces. 400"),
        ("none", "the model's tokenizer is not known, so its base cannot be told: someone/pico "),
    ],
)
def test_a_model_of_the_hub_is_proved_by_the_tokenizer_of_its_id(pair, tmp_path, kind, answer):
    other = SentencePieceModel(train_base())
    swapped = [*other.pieces[:390], other.pieces[391], other.pieces[390], *other.pieces[392:]]
    write_tokenizer(tmp_path / "t", SentencePieceModel.build(swapped, like=other))
    (tmp_path / "none").mkdir()
    folders = {"its own": pair.base_folder, "none": tmp_path / "none"}
    repository = tmp_path / "hub" / "models--someone--pico"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.parent.mkdir(parents=True)
    save_model(snapshot, mistral(pair.base.size), folders.get(kind, tmp_path / "t"))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    done = subprocess.run(
        [sys.executable, "-c", _FROM_HUB, str(pair.folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
    )
    assert answer in done.stdout, done.stderr


def test_zero_rows_above_the_base_are_padding(pair):
    model = mistral(pair.base.size + 8)
    with torch.no_grad():
        model.get_input_embeddings().weight[pair.base.size :] = 0
    assert resize_model(model, pair.folder, tokenizer=pair.base_folder).check is not None


def test_another_base_is_refused_by_the_tokenizer_that_the_model_came_with(pair, tmp_path):
    from transformers import AutoModelForCausalLM

    write_tokenizer(tmp_path / "t", SentencePieceModel(train_base()), ("<|im_start|>",))
    base = save_model(tmp_path / "base", mistral(pair.base.size + 1), tmp_path / "t")
    with pytest.raises(ModelError, match="1 tokens of its own from id 400 on"):
        resize_model(AutoModelForCausalLM.from_pretrained(base), pair.folder)
    with pytest.raises(ModelError, match="1 tokens of its own from id 400 on"):
        resize_model(mistral(pair.base.size + 1), pair.folder, tokenizer=tmp_path / "t")


@pytest.mark.parametrize("door", ["files", "loaded", "loaded twice"])
def test_pieces_of_a_second_extension_can_be_generated(pair, tmp_path, door):
    """They stand where the first extension had padding, which is suppressed."""
    from transformers import AutoModelForCausalLM

    n_rows = pair.extension.padded_size + 128
    base = save_model(tmp_path / "base", mistral(n_rows), pair.base_folder)
    once, twice = tmp_path / "once", tmp_path / "twice"
    resize_checkpoint(base, tokenizer=pair.folder, output=once, check_logits=False)
    extension = write_extended(
        tmp_path / "ext", load_tokenizer(once), ["電車の駅", "行を開く"], pad_to=64
    )
    if door == "files":
        resize_checkpoint(once, tokenizer=tmp_path / "ext", output=twice, check_logits=False)
        model = AutoModelForCausalLM.from_pretrained(twice)
    else:
        model = AutoModelForCausalLM.from_pretrained(once if door == "loaded" else base)
        if door == "loaded twice":
            resize_model(model, pair.folder)
        resize_model(model, tmp_path / "ext", tokenizer=once)
    pieces = {added.id for added in extension.added}
    padding = [id_ for id_ in range(pair.extension.size, n_rows) if id_ not in pieces]
    assert model.generation_config.suppress_tokens == padding
    wanted = extension.added[-1].id
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
    hidden = model.model(input_ids=torch.tensor([[1]])).last_hidden_state[0, -1]
    with torch.no_grad():
        model.get_output_embeddings().weight[wanted] = hidden
    written = model.generate(torch.tensor([[1]]), max_new_tokens=1, do_sample=False)
    assert written[0, -1] == wanted


@pytest.mark.filterwarnings("ignore:Attempting to save a model with offloaded modules")
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("checked", [False, True])
def test_an_offloaded_model_that_was_resized_and_run_can_be_saved(pair, tmp_path, tied, checked):
    from transformers import AutoModelForCausalLM

    model = mistral(pair.base.size, tied=tied, dtype=torch.float32)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    offloaded = AutoModelForCausalLM.from_pretrained(
        base, device_map="auto", max_memory={"cpu": 60_000}, offload_folder=tmp_path / "disk"
    )
    resize_model(offloaded, pair.folder, check_logits=checked)
    ids = torch.tensor([[1, pair.plain.id, 300]])
    expected = offloaded(input_ids=ids).logits
    offloaded.save_pretrained(tmp_path / "saved")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    inputs, head = again.get_input_embeddings().weight, again.get_output_embeddings().weight
    assert (inputs is head) is tied
    assert torch.equal(again(input_ids=ids).logits, expected)
    del offloaded
    gc.collect()
