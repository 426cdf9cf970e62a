import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from picos import (
    TokenizerPair,
    add_tokenizer,
    mistral,
    save_model,
    train_base,
    write_extended,
    write_tokenizer,
)
from safetensors.torch import load_file, save_file

from tokext.errors import InputError, ModelError, OutputError
from tokext.model import asked, check, resize, segments, write
from tokext.model.resize import resize_checkpoint
from tokext.model.revert import revert_checkpoint
from tokext.records import Extension, read_record
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

INPUT, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        found |= load_file(path)
    return found


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one.view(torch.uint8), other.view(torch.uint8))


def check_edit(base: Path, out: Path, pair: TokenizerPair, names=(INPUT, HEAD)) -> None:
    """Base rows and other tensors are the base's bytes; new rows are the constituents' means."""
    old, new = tensors(base), tensors(out)
    assert set(new) == set(old)
    for name in old:
        if name not in names:
            assert same(new[name], old[name]), name
    for name in names:
        size = min(pair.extension.base.size, len(old[name]))
        assert same(new[name][:size], old[name][:size])
        first = pair.plain
        expected = old[name][list(first.constituents)].float().mean(0)
        torch.testing.assert_close(new[name][first.id].float(), expected, rtol=1e-2, atol=1e-3)


def test_base_rows_and_other_tensors_are_untouched(pico, pair, tmp_path):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out")
    check_edit(pico, tmp_path / "out", pair)


def test_reverting_gives_the_same_files(pico, pair, tmp_path):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    assert sorted(p.name for p in (tmp_path / "back").iterdir()) == sorted(
        p.name for p in pico.iterdir()
    )
    for path in pico.iterdir():
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


def test_the_output_loads_without_a_warning_and_generates_no_padding(pico, pair, tmp_path):
    """Warnings are errors here; what the loaders log is checked too."""
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    code = (
        "import sys, torch\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "m, t = (c.from_pretrained(sys.argv[1]) for c in (AutoModelForCausalLM, AutoTokenizer))\n"
        "given = t('東京の駅', return_tensors='pt')\n"
        "out = m.generate(**given, max_new_tokens=30, do_sample=True)\n"
        f"assert out.max() < {pair.extension.size}, out\n"
        f"assert m.get_input_embeddings().weight.shape[0] == {pair.extension.padded_size}\n"
        f"assert {pair.plain.id} in t('、東京')['input_ids'], t('、東京')\n"
        "assert m.generation_config.suppress_tokens\n"
    )
    environment = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code, str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr.lower(), done.stderr


def test_the_record_tells_degrees_of_tensor_parallelism_and_the_check(pico, pair, tmp_path):
    result = resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out")
    assert result.tensor_parallel == (1, 2, 4, 8, 16, 32, 64)
    record = read_record(tmp_path / "out")
    assert record["kind"] == "checkpoint"
    assert record["result"]["check"]["base_logits_equal"] is True
    assert set(record["result"]["check"]["bits_per_char_after"]) == {"en", "ja"}
    assert 0 < record["result"]["check"]["new_share"] < 1


def test_models_above_a_size_are_not_run_unless_asked(pico, pair, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "CHECKED_PARAMETERS", 10)
    options = {"tokenizer": pair.folder, "force": True, "output": tmp_path / "out"}
    assert resize_checkpoint(pico, **options).check is None
    asked = resize_checkpoint(pico, **options, check_logits=True).check
    assert asked is not None
    assert asked.kl_english > 0
    assert 0 < asked.padding_share <= asked.largest_padding_share < 1


def test_two_runs_give_the_same_bytes(pico, pair, tmp_path):
    for name in ("one", "two"):
        resize_checkpoint(
            pico, tokenizer=pair.folder, output=tmp_path / name, init="normal", check_logits=False
        )
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file() and path.name != "tokext.json":
            twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert twin.read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    "init", ["subword-mean", "weighted-mean", "align", "global-mean", "normal", "zero"]
)
@pytest.mark.parametrize("rescale", [False, True])
def test_every_initialization_works_and_can_be_reverted(pico, pair, tmp_path, init, rescale):
    sample = ["東京と京都の電車。鰯雲の下、日本の本屋で本を読む。"] if init == "align" else None
    resize_checkpoint(
        pico,
        tokenizer=pair.folder,
        output=tmp_path / "out",
        init=init,
        rescale=rescale,
        sample=sample,
        check_logits=False,
    )
    old, new = tensors(pico)[INPUT], tensors(tmp_path / "out")[INPUT]
    added = new[pair.extension.base.size : pair.extension.size].float()
    assert bool(added.any()) is (init != "zero")
    if rescale and init != "zero":
        median = old.float().norm(dim=1).median()
        torch.testing.assert_close(added.norm(dim=1), median.expand(len(added)), rtol=1e-2, atol=0)
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    assert same(tensors(tmp_path / "back")[INPUT], old)


def test_rows_json_explains_every_new_row(pico, pair, tmp_path):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    rows = json.loads((tmp_path / "out" / "rows.json").read_text(encoding="utf-8"))["rows"]
    assert [r["id"] for r in rows] == list(range(pair.base.size, pair.extension.padded_size))
    origins = {r["piece"]: r["origin"] for r in rows}
    assert origins["鰯"] == "bytes-and-center"
    assert origins["東京"] == "subword-mean"
    assert rows[-1]["origin"] == "padding"


def test_the_row_of_a_piece_of_bytes_is_what_its_formula_states(pair, tmp_path):
    """鰯の is spelled by the bytes of 鰯 and a kana: those bytes are in no center."""
    base = save_model(
        tmp_path / "base", mistral(pair.base.size, dtype=torch.float32), pair.base_folder
    )
    extension = write_extended(tmp_path / "ext", pair.base, ["鰯", "鯖", "東京", "鰯の"])
    resize_checkpoint(base, tokenizer=tmp_path / "ext", output=tmp_path / "out", check_logits=False)
    told = json.loads((tmp_path / "out" / "rows.json").read_text(encoding="utf-8"))
    stated = told["formulas"]["bytes-and-center"]
    assert "without those of bytes that spell a piece like this one" in stated
    of_bytes = {row["piece"] for row in told["rows"] if row["origin"] == "bytes-and-center"}
    assert of_bytes >= {"鰯", "鯖"}
    alone, others = set(), set()
    for added in extension.added:
        (alone if added.piece in of_bytes else others).update(added.constituents)
    assert alone & others
    old, new = tensors(base)[HEAD].double(), tensors(tmp_path / "out")[HEAD].double()
    center = old[sorted(others - alone)].mean(0)
    for added in extension.added:
        if added.piece in of_bytes:
            row = old[list(added.constituents)].mean(0) / 2 + center / 2
            torch.testing.assert_close(new[added.id], row, rtol=1e-5, atol=1e-7)


def test_rows_json_names_align_only_for_pieces_that_the_sample_held(pico, pair, tmp_path):
    options = {"tokenizer": pair.folder, "check_logits": False}
    out, plain = tmp_path / "out", tmp_path / "plain"
    resize_checkpoint(pico, output=out, init="align", sample=["、東京", "鰯"], **options)
    resize_checkpoint(pico, output=plain, **options)
    told = json.loads((out / "rows.json").read_text(encoding="utf-8"))
    origins = {r["piece"]: r["origin"] for r in told["rows"]}
    assert (origins["東京"], origins["京都"], origins["鰯"]) == (
        "align", "subword-mean", "bytes-and-center",
    )  # fmt: skip
    assert {"align", "subword-mean"} <= set(told["formulas"])
    unseen = next(a.id for a in pair.extension.added if a.piece == "京都")
    assert same(tensors(out)[INPUT][unseen], tensors(plain)[INPUT][unseen])


def test_padding_rows_copy_one_base_row_and_are_suppressed(pico, pair, tmp_path):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    rows = json.loads((tmp_path / "out" / "rows.json").read_text(encoding="utf-8"))["rows"]
    twin = rows[-1]["from"][0][0]
    for name in (INPUT, HEAD):
        new = tensors(tmp_path / "out")[name]
        assert (new[pair.extension.size :] == new[twin]).all()
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert generation["suppress_tokens"] == list(pair.extension.padding)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("tied", [False, True])
def test_every_dtype_tied_and_untied(pair, tmp_path, dtype, tied):
    model = mistral(pair.base.size, tied=tied, dtype=dtype)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    result = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert result.tied is tied
    check_edit(base, tmp_path / "out", pair, (INPUT,) if tied else (INPUT, HEAD))


@pytest.mark.parametrize("apart", [False, True])
def test_a_tied_matrix_that_the_files_hold_twice_is_edited_twice_and_called_tied(
    pair, tmp_path, apart
):
    """Where the two differ, transformers loads them untied."""
    base = save_model(tmp_path / "base", mistral(pair.base.size, tied=True), pair.base_folder)
    held = load_file(base / "model.safetensors")
    held[HEAD] = held[INPUT] * 2 if apart else held[INPUT].clone()
    save_file(held, base / "model.safetensors", metadata={"format": "pt"})
    options = {"tokenizer": pair.folder, "output": tmp_path / "out", "init": "normal"}
    result = resize_checkpoint(base, **options, check_logits=False)
    assert result.tied is not apart
    assert result.tensors == (INPUT, HEAD)
    new = tensors(tmp_path / "out")
    assert same(new[INPUT], new[HEAD]) is not apart


def test_shards_without_the_matrices_are_linked_and_others_edited(pair, tmp_path):
    base = save_model(
        tmp_path / "base", mistral(pair.base.size), pair.base_folder, max_shard_size="20KB"
    )
    result = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    check_edit(base, tmp_path / "out", pair)
    shared = [p for p in base.glob("*.safetensors") if p.samefile(tmp_path / "out" / p.name)]
    assert len(shared) == result.linked > 0
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    total = sum(t.numel() * t.element_size() for t in tensors(tmp_path / "out").values())
    assert index["metadata"]["total_size"] == total
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    for path in base.iterdir():
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("way", ["copy", "no links", "no copy_file_range", "symbolic links"])
def test_the_bytes_are_the_same_where_the_fast_ways_are_off(pair, tmp_path, monkeypatch, way):
    base = save_model(
        tmp_path / "base", mistral(pair.base.size), pair.base_folder, max_shard_size="20KB"
    )
    if way == "no links":
        monkeypatch.setattr(write, "FAST_LINK", False)
    if way == "no copy_file_range":
        monkeypatch.setattr(segments, "FAST_COPY", False)
    if way == "symbolic links":  # as a hub cache lays its files out
        blobs = tmp_path / "blobs"
        blobs.mkdir()
        for path in base.glob("*.safetensors"):
            path.rename(blobs / path.name)
            path.symlink_to(blobs / path.name)
    result = resize_checkpoint(
        base, tokenizer=pair.folder, output=tmp_path / "out", copy=way == "copy"
    )
    check_edit(base, tmp_path / "out", pair)
    assert (result.linked > 0) is (way == "no copy_file_range")
    for path in base.glob("*.safetensors"):
        assert path.samefile(tmp_path / "out" / path.name) is (
            way == "no copy_file_range"
            and path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()
        )


@pytest.mark.parametrize("tied", [False, True])
def test_rows_padded_beyond_the_tokenizer_are_never_shrunk(pair, tmp_path, tied):
    n_rows = pair.extension.padded_size + 37
    base = save_model(tmp_path / "base", mistral(n_rows, tied=tied), pair.base_folder)
    result = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert result.n_rows == n_rows
    check_edit(base, tmp_path / "out", pair, (INPUT,) if tied else (INPUT, HEAD))
    extension = Extension.read(tmp_path / "out")
    assert extension.padding == tuple(range(pair.extension.size, n_rows))
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    assert same(tensors(tmp_path / "back")[INPUT], tensors(base)[INPUT])


def test_a_base_id_without_a_row_gets_a_padding_row(tmp_path):
    """Fine-tunes often add [PAD] to the tokenizer and no row to the model."""
    write_tokenizer(tmp_path / "t", SentencePieceModel(train_base()), ("[PAD]",))
    tokenizer = load_tokenizer(tmp_path / "t")
    write_extended(tmp_path / "ext", tokenizer)
    base = save_model(tmp_path / "base", mistral(400), tmp_path / "t")
    resize_checkpoint(base, tokenizer=tmp_path / "ext", output=tmp_path / "out")
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert generation["suppress_tokens"][0] == 400
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    assert same(tensors(tmp_path / "back")[HEAD], tensors(base)[HEAD])


def test_a_fine_tune_with_tokens_of_its_own_keeps_them(tmp_path):
    own = ("<|im_start|>", "<|im_end|>")
    write_tokenizer(tmp_path / "t", SentencePieceModel(train_base()), own)
    tokenizer = load_tokenizer(tmp_path / "t")
    extension = write_extended(tmp_path / "ext", tokenizer)
    base = save_model(tmp_path / "base", mistral(tokenizer.size), tmp_path / "t")
    resize_checkpoint(base, tokenizer=tmp_path / "ext", output=tmp_path / "out")
    pair = TokenizerPair(tmp_path / "t", tmp_path / "ext", tokenizer, extension)
    assert extension.base.size == 402
    check_edit(base, tmp_path / "out", pair)


def test_added_pieces_that_would_take_a_fine_tunes_ids_are_refused(pair, tmp_path):
    write_tokenizer(tmp_path / "t", SentencePieceModel(train_base()), ("<|im_start|>",))
    base = save_model(tmp_path / "base", mistral(pair.base.size + 1), tmp_path / "t")
    with pytest.raises(
        ModelError, match=r"1 tokens of its own from id 400 on \('<\|im_start\|>'\)"
    ):
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_already_extended_is_extended_again(pico, pair, tmp_path):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "once")
    again = load_tokenizer(tmp_path / "once")
    extension = write_extended(tmp_path / "ext", again, ["電車の駅", "行を開く"], pad_to=1)
    resize_checkpoint(tmp_path / "once", tokenizer=tmp_path / "ext", output=tmp_path / "twice")
    new = TokenizerPair(pair.folder, tmp_path / "ext", again, extension)
    check_edit(tmp_path / "once", tmp_path / "twice", new)
    revert_checkpoint(tmp_path / "twice", output=tmp_path / "back")
    assert same(tensors(tmp_path / "back")[HEAD], tensors(tmp_path / "once")[HEAD])


def test_another_base_is_refused_by_digest_before_anything_is_written(pico, pair, tmp_path):
    other = SentencePieceModel(train_base())
    swapped = [*other.pieces[:390], other.pieces[391], other.pieces[390], *other.pieces[392:]]
    write_tokenizer(tmp_path / "t", SentencePieceModel.build(swapped, like=other))
    write_extended(tmp_path / "ext", load_tokenizer(tmp_path / "t"))
    with pytest.raises(ModelError, match="its rows would belong to other pieces"):
        resize_checkpoint(pico, tokenizer=tmp_path / "ext", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_without_a_tokenizer_is_refused(pico, pair, tmp_path):
    shutil.copytree(pico, tmp_path / "base")
    for name in ("tokenizer.model", "tokenizer.json"):
        (tmp_path / "base" / name).unlink()
    with pytest.raises(ModelError, match="its base cannot be told"):
        resize_checkpoint(tmp_path / "base", tokenizer=pair.folder, output=tmp_path / "out")


def test_the_chat_template_and_special_tokens_of_a_fine_tune_are_kept(pico, pair, tmp_path):
    shutil.copytree(pico, tmp_path / "base")
    config = json.loads((pico / "tokenizer_config.json").read_text())
    template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    config |= {"chat_template": template, "pad_token": "</s>"}
    (tmp_path / "base" / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "base" / "NOTICE").write_text("notice")
    resize_checkpoint(tmp_path / "base", tokenizer=pair.folder, output=tmp_path / "out")
    kept = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert (kept["chat_template"], kept["pad_token"]) == (template, "</s>")
    assert (tmp_path / "out" / "NOTICE").read_text() == "notice"
    assert (tmp_path / "out" / "LICENSE").exists()


def answers(folder: Path) -> tuple[str, ...]:
    """What a tokenizer makes of a chat, and the special tokens that it answers with."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(folder)
    chat = loaded.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
    return chat, loaded.pad_token, loaded.eos_token


@pytest.mark.parametrize("place", ["inline", "file", "folder"])
@pytest.mark.parametrize("listed", [False, True])
def test_transformers_loads_the_fine_tunes_template_and_special_tokens(
    pico, pair, tmp_path, place, listed
):
    """The tokenizer folder has others, in every file that transformers may prefer."""
    base, ext, out = (tmp_path / name for name in ("base", "ext", "out"))
    shutil.copytree(pico, base)
    shutil.copytree(pair.folder, ext)
    for folder, word, pad in ((ext, "BASE", "<unk>"), (base, "TUNE", "</s>")):
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        template = word + "{{ messages[0].content }}"
        if listed:
            settings["added_tokens_decoder"] = {"0": {"content": "<unk>", "special": True}}
            settings["pad_token"] = pad
        else:
            (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": pad}))
        if folder == ext or place == "inline":
            settings["chat_template"] = template
        if folder == ext or place == "file":
            (folder / "chat_template.jinja").write_text(template)
        if folder == ext or place == "folder":
            (folder / "additional_chat_templates").mkdir()
            for name in ("default", *(["rag"] if folder == ext else [])):
                (folder / "additional_chat_templates" / f"{name}.jinja").write_text(template)
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    resize_checkpoint(base, tokenizer=ext, output=out, check_logits=False)
    assert answers(base) == ("TUNEhi", "</s>", "</s>")
    assert answers(out) == answers(base)
    assert not (out / "additional_chat_templates" / "rag.jinja").exists()
    revert_checkpoint(out, output=tmp_path / "back")
    assert answers(tmp_path / "back") == answers(base)


def test_named_templates_and_licences_of_a_fine_tune_come_along_and_go_back(pico, pair, tmp_path):
    base, out, back = (tmp_path / name for name in ("base", "out", "back"))
    shutil.copytree(pico, base)
    files = {
        "additional_chat_templates/rag.jinja": "{{ documents }}",
        "LICENSES/MIT.txt": "the terms",
        "LICENSE": "the fine-tune's own terms",
    }
    for name, text in files.items():
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).write_text(text)
    resize_checkpoint(base, tokenizer=pair.folder, output=out, check_logits=False)
    revert_checkpoint(out, output=back)
    for name, text in files.items():
        assert (out / name).read_text() == text, name
        assert (back / name).read_text() == text, name


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_dtype_converts_every_float_tensor(pico, pair, tmp_path, dtype):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", dtype=dtype)
    wanted = getattr(torch, dtype)
    old, new = tensors(pico), tensors(tmp_path / "out")
    assert all(t.dtype == wanted for t in new.values())
    assert torch.equal(new["model.norm.weight"], old["model.norm.weight"].to(wanted))
    assert json.loads((tmp_path / "out" / "config.json").read_text())["dtype"] == dtype
    with pytest.raises(ModelError, match="was converted to another dtype"):
        revert_checkpoint(tmp_path / "out", output=tmp_path / "back")


def test_a_head_with_bias_gets_biases_and_padding_stays_below(pair, tmp_path):
    """Phi is the architecture of transformers whose head has a bias."""
    from transformers import PhiConfig, PhiForCausalLM

    torch.manual_seed(0)
    config = PhiConfig(
        vocab_size=pair.base.size,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=256,
    )
    model = PhiForCausalLM(config).eval()
    torch.nn.init.normal_(model.lm_head.bias)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    for init in ("subword-mean", "normal"):
        out = tmp_path / init
        result = resize_checkpoint(base, tokenizer=pair.folder, output=out, init=init)
        assert result.check is not None
        assert result.check.padding_share == 0.0
        old, new = tensors(base)["lm_head.bias"], tensors(out)["lm_head.bias"]
        assert same(new[: len(old)], old)
        assert (new[pair.extension.size :] < old.min() - 1000).all()
    first = pair.plain
    torch.testing.assert_close(
        tensors(tmp_path / "subword-mean")["lm_head.bias"][first.id],
        old[list(first.constituents)].mean(),
    )


def test_a_changed_base_row_cannot_be_reverted(pico, pair, tmp_path):
    out = tmp_path / "out"
    resize_checkpoint(pico, tokenizer=pair.folder, output=out, check_logits=False)
    changed = tensors(out)
    changed[HEAD][3, 3] += 1
    save_file(changed, out / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="no longer the base's: the model was trained since"):
        revert_checkpoint(out, output=tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("options", [{}, {"max_shard_size": "20KB"}])
def test_a_change_in_a_middle_layer_cannot_be_reverted(pair, tmp_path, options):
    """A merged adapter leaves both matrices alone; files are copied here, so all have digests."""
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder, **options)
    out, name = tmp_path / "out", "model.layers.1.mlp.up_proj.weight"
    resize_checkpoint(base, tokenizer=pair.folder, output=out, check_logits=False, copy=True)
    assert revert_checkpoint(out, output=tmp_path / "back").unproved == ()
    [path] = [p for p in out.glob("*.safetensors") if name in load_file(p)]
    changed = load_file(path)
    changed[name] += 1
    save_file(changed, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="no longer the base's: the model was trained since"):
        revert_checkpoint(out, output=tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_reverting_names_files_that_were_linked_and_so_never_read(pair, tmp_path):
    base = save_model(
        tmp_path / "base", mistral(pair.base.size), pair.base_folder, max_shard_size="20KB"
    )
    done = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert len(revert_checkpoint(tmp_path / "out", output=tmp_path / "back").unproved) == (
        done.linked
    )


@pytest.mark.parametrize(
    "name", ["config.json", "rows.safetensors", "model.safetensors.header", "base.json"]
)
def test_reverting_names_the_file_that_is_missing_of_what_was_kept(pico, pair, tmp_path, name):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    (tmp_path / "out" / "base" / name).unlink()
    with pytest.raises(ModelError, match=f"base/{name} is missing"):
        revert_checkpoint(tmp_path / "out", output=tmp_path / "back")


def test_base_rows_that_hold_no_number_are_named(pair, tmp_path):
    model = mistral(pair.base.size)
    model.get_input_embeddings().weight.data[pair.plain.constituents[0], 0] = torch.nan
    base = save_model(tmp_path / "base", model, pair.base_folder)
    with pytest.raises(ModelError, match=r"not finite \(NaN or infinity\)"):
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("std", [100, 10_000])
def test_large_rows_are_not_taken_for_a_failing_disk(pair, tmp_path, std):
    model = mistral(pair.base.size, dtype=torch.float32)
    model.get_input_embeddings().weight.data.normal_(std=std)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    check_edit(base, tmp_path / "out", pair)


def test_reverting_a_folder_that_keeps_no_base_is_refused(pico, tmp_path):
    with pytest.raises(ModelError, match="keeps no base to go back to"):
        revert_checkpoint(pico, output=tmp_path / "back")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"init": "mean"}, "unknown initialization 'mean'"),
        ({"dtype": "int8"}, "unknown dtype 'int8'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"init": "align"}, "align needs a sample of text"),
        ({"sample": ["東京"]}, "a sample was given, .* 'subword-mean' reads none"),
    ],
)
def test_an_unknown_option_is_refused_by_name(pico, pair, tmp_path, option, message):
    with pytest.raises(InputError, match=message):
        resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", **option)
    assert not (tmp_path / "out").exists()


def test_too_little_disk_is_refused_before_anything_is_written(pair, tmp_path):
    """A sparse file of four terabytes takes no room, and its copy would take all."""
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    path = base / "model.safetensors"
    from tokext.model.header import read_header, write_header

    header = read_header(path)
    described = [(e.name, e.dtype, e.shape) for e in header.tensors]
    huge = ("huge", "U8", (4 << 40,))
    body = path.read_bytes()[len(header.raw) :]
    with path.open("wb") as file:
        raw = write_header([*described, huge], header.metadata)
        file.write(raw + body)
        file.truncate(len(raw) + len(body) + (4 << 40))
    with pytest.raises(OutputError, match=r"the output needs 4,\d{3}\.\d GB and the disk has"):
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base"]


GAPS = ["open_checkpoint", "open_base", "_plan", "plan_edit", "_write_files", "_check"]


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "extended/tokenizer.model"])
def test_a_source_replaced_at_any_moment_leaves_nothing(pair, tmp_path, monkeypatch, gap, file):
    """The file is replaced after each step; the other of the same name is as good as the first."""
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    other = save_model(tmp_path / "other", mistral(pair.base.size, seed=1), pair.base_folder)
    for folder in (tmp_path / "extended", other / "extended"):
        shutil.copytree(pair.folder, folder)
    place = tmp_path / file if "/" in file else base / file

    def done_and_replaced(*args, **kwargs):
        found = step(*args, **kwargs)
        if (other / file).exists():
            (other / file).replace(place)
        return found

    step = getattr(resize, gap)
    monkeypatch.setattr(resize, gap, done_and_replaced)
    with pytest.raises(ModelError, match=f"{Path(file).name} was changed while it was read"):
        resize_checkpoint(
            base, tokenizer=tmp_path / "extended", output=tmp_path / "out", check_logits=False
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base", "extended", "other"]


def test_shards_behind_symbolic_links_count_as_copies_on_the_disk(pair, tmp_path, monkeypatch):
    """They are copied, so a disk that holds the edited files alone is too small."""
    base = save_model(
        tmp_path / "base", mistral(pair.base.size), pair.base_folder, max_shard_size="20KB"
    )
    monkeypatch.setattr(asked, "_SMALL_FILES_BYTES", 0)
    whole = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    monkeypatch.setattr(asked, "free_bytes", lambda folder: whole.written_bytes)
    resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out", force=True)
    (tmp_path / "blobs").mkdir()
    for path in base.glob("*.safetensors"):
        path.rename(tmp_path / "blobs" / path.name)
        path.symlink_to(tmp_path / "blobs" / path.name)
    with pytest.raises(OutputError, match="the output needs"):
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out", force=True)


@pytest.mark.parametrize("kind", [segments.CopiedBytes, segments.MadeRows, segments.PlainBytes])
def test_a_byte_that_was_not_written_as_planned_is_found_out(
    pico, pair, tmp_path, monkeypatch, kind
):
    def spoiled(segment, target):
        place = target.tell()
        written(segment, target)
        target.seek(place + segment.n_bytes - 1)
        byte = target.read(1)
        target.seek(-1, os.SEEK_CUR)
        target.write(bytes([byte[0] ^ 255]))

    written = kind.write
    monkeypatch.setattr(kind, "write", spoiled)
    with pytest.raises(ModelError, match="differs from what was written"):
        resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.02, 0.05, 0.1])
def test_killed_at_any_moment_it_leaves_no_half_checkpoint(pair, tmp_path, wait):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    code = (
        "import sys\nfrom tokext.model.resize import resize_checkpoint\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    resize_checkpoint(sys.argv[1], tokenizer=sys.argv[2], output=sys.argv[3],"
        " check_logits=False, force=True)\n"
    )
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(base), str(pair.folder), str(out)], stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    run.stdout.readline()
    while not out.exists() and run.poll() is None:
        time.sleep(0.01)
    time.sleep(wait)
    run.kill()
    run.wait()
    run.stdout.close()
    check_edit(base, out, pair)
    resize_checkpoint(base, tokenizer=pair.folder, output=out, force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base", "out"]


def test_an_existing_output_is_kept_unless_forced(pico, pair, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(OutputError, match="exists already"):
        resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out")
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", force=True)
    assert not (tmp_path / "out" / "mine").exists()


def test_a_name_in_the_hubs_cache_is_found_and_its_files_are_copied(pico, pair, tmp_path):
    repository = tmp_path / "hub" / "models--someone--pico"
    snapshot = repository / "snapshots" / ("0" * 40)
    shutil.copytree(pico, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    code = (
        "import sys\nfrom tokext.model.resize import resize_checkpoint\n"
        "r = resize_checkpoint('someone/pico', tokenizer=sys.argv[1], output=sys.argv[2],"
        " check_logits=False)\nprint(r.linked)\n"
        "from tokext.errors import ModelError\n"
        "try: resize_checkpoint('someone/else', tokenizer=sys.argv[1], output=sys.argv[2])\n"
        "except ModelError as error: print(error)\n"
    )
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(pair.folder), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env=environment,
    )
    linked, refused = done.stdout.splitlines()
    assert linked == "0"
    assert refused == "someone/else is not in the hub's cache, and HF_HUB_OFFLINE is set."
    check_edit(pico, tmp_path / "out", pair)


def test_the_tokenizer_files_of_the_output_are_the_extended_ones(pico, pair, tmp_path):
    resize_checkpoint(pico, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    add_tokenizer(tmp_path, pair.folder)
    for name in ("tokenizer.model", "tokenizer.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()
