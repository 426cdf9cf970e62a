"""Every shape of checkpoint that the file door must know, small and with its real key layout."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from picos import mistral, save_model
from safetensors.torch import load_file, save_file

from tokext.errors import ModelError
from tokext.model.checkpoint import open_checkpoint
from tokext.model.layout import find_layout
from tokext.model.resize import resize_checkpoint
from tokext.model.revert import revert_checkpoint

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "head_dim": 8,
}


def build(kind: str, vocab: int, **options):
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    special = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None}
    config = AutoConfig.for_model(kind, vocab_size=vocab, **SIZES, **special, **options)
    return AutoModelForCausalLM.from_config(config).to(torch.bfloat16).eval()


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("mistral", {}),
        ("llama", {}),
        ("llama", {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                    "high_freq_factor": 4.0, "rope_theta": 500000.0,
                                    "original_max_position_embeddings": 64}}),
        ("qwen2", {}),
        ("qwen3", {}),
        ("gemma", {}),
        ("gemma2", {}),
        ("gpt_neox", {}),
    ],
)  # fmt: skip
def test_every_architecture_is_edited_and_its_base_logits_kept(pair, tmp_path, kind, options, tied):
    model = build(kind, pair.base.size, tie_word_embeddings=tied, **options)
    base = save_model(tmp_path / "base", model, pair.base_folder)
    result = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert result.tied is tied
    assert result.check is not None
    assert result.check.base_logits_equal
    assert model.config.vocab_size == 400
    assert json.loads((tmp_path / "out" / "config.json").read_text())["vocab_size"] == result.n_rows
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    assert (tmp_path / "back" / "model.safetensors").read_bytes() == (
        base / "model.safetensors"
    ).read_bytes()


def test_an_architecture_that_transformers_does_not_know_is_found_by_its_keys(pair, tmp_path):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    config = json.loads((base / "config.json").read_text()) | {"model_type": "unheard-of"}
    (base / "config.json").write_text(json.dumps(config))
    layout = find_layout(open_checkpoint(base))
    assert [p.name for p in layout.places] == ["model.embed_tokens.weight", "lm_head.weight"]


def test_a_prefix_of_the_files_own_is_found(pair, tmp_path):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    renamed = {f"language_model.{n}": t for n, t in load_file(base / "model.safetensors").items()}
    save_file(renamed, base / "model.safetensors", metadata={"format": "pt"})
    layout = find_layout(open_checkpoint(base))
    assert layout.inputs.name == "language_model.model.embed_tokens.weight"
    assert layout.head is not None
    assert layout.head.name == "language_model.lm_head.weight"


def test_a_checkpoint_without_embeddings_is_refused(pair, tmp_path):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    save_file({"model.norm.weight": torch.zeros(4)}, base / "model.safetensors")
    with pytest.raises(ModelError, match="input embeddings of the checkpoint cannot be found"):
        find_layout(open_checkpoint(base))


def test_a_missing_head_of_an_untied_model_is_refused(pair, tmp_path):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    kept = load_file(base / "model.safetensors")
    del kept["lm_head.weight"]
    save_file(kept, base / "model.safetensors")
    with pytest.raises(ModelError, match="says that the output head is not tied"):
        find_layout(open_checkpoint(base))


def quantized(base: Path, kind: str) -> None:
    """Replace the layers' weights by the tensors that a quantizer writes, and say so in the config.

    The names, dtypes and shapes are those of real checkpoints; the bits are noise, for the point is
    that they come through untouched.
    """
    path = base / "model.safetensors"
    generator = torch.Generator().manual_seed(0)

    def bits(dtype: torch.dtype, *shape: int) -> torch.Tensor:
        low, high = (0, 255) if dtype is torch.uint8 else (-(2**31), 2**31 - 1)
        return torch.randint(low, high, shape, generator=generator, dtype=torch.int64).to(dtype)

    kept: dict[str, torch.Tensor] = {}
    for name, weight in load_file(path).items():
        if ".layers." not in name or not name.endswith("proj.weight"):
            kept[name] = weight
            continue
        owner, (rows, columns) = name.removesuffix(".weight"), weight.shape
        if kind == "gptq":
            kept[f"{owner}.qweight"] = bits(torch.int32, columns // 8, rows)
            kept[f"{owner}.qzeros"] = bits(torch.int32, 1, rows // 8)
            kept[f"{owner}.scales"] = torch.rand(1, rows, generator=generator).half()
            kept[f"{owner}.g_idx"] = torch.zeros(columns, dtype=torch.int32)
        elif kind == "awq":
            kept[f"{owner}.qweight"] = bits(torch.int32, columns, rows // 8)
            kept[f"{owner}.qzeros"] = bits(torch.int32, 1, rows // 8)
            kept[f"{owner}.scales"] = torch.rand(1, rows, generator=generator).half()
        else:
            kept[name] = bits(torch.uint8, rows * columns // 2, 1)
            kept[f"{name}.absmax"] = torch.rand(rows * columns // 64, generator=generator)
            kept[f"{name}.quant_map"] = torch.rand(16, generator=generator)
            kept[f"{name}.quant_state.bitsandbytes__nf4"] = bits(torch.uint8, 96)
    save_file(kept, path, metadata={"format": "pt"})
    settings = {
        "gptq": {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": True},
        "awq": {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "gemm"},
        "bnb": {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    }[kind]
    config = json.loads((base / "config.json").read_text()) | {"quantization_config": settings}
    (base / "config.json").write_text(json.dumps(config))
    if kind == "gptq":
        (base / "quantize_config.json").write_text(json.dumps(settings))


@pytest.mark.parametrize("kind", ["gptq", "awq", "bnb"])
def test_quantized_tensors_come_through_byte_for_byte(pair, tmp_path, kind):
    """And the rows are those that the unquantized twin gets, which loads and runs."""
    twin = save_model(tmp_path / "twin", mistral(pair.base.size), pair.base_folder)
    shutil.copytree(twin, tmp_path / "base")
    quantized(tmp_path / "base", kind)
    resize_checkpoint(tmp_path / "base", tokenizer=pair.folder, output=tmp_path / "out")
    checked = resize_checkpoint(twin, tokenizer=pair.folder, output=tmp_path / "twin-out").check
    assert checked is not None
    assert checked.base_logits_equal
    old = load_file(tmp_path / "base" / "model.safetensors")
    new = load_file(tmp_path / "out" / "model.safetensors")
    plain = load_file(tmp_path / "twin-out" / "model.safetensors")
    assert set(new) == set(old)
    for name, tensor in new.items():
        expected = (
            plain[name] if name in ("model.embed_tokens.weight", "lm_head.weight") else old[name]
        )
        assert torch.equal(tensor.view(torch.uint8), expected.view(torch.uint8)), name
    assert (tmp_path / "out" / "quantize_config.json").exists() is (kind == "gptq")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert "quantization_config" in config
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    assert (tmp_path / "back" / "model.safetensors").read_bytes() == (
        tmp_path / "base" / "model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    ("keys", "culprit"),
    [
        (("qweight", "scales"), "lm_head.qweight"),
        (("weight", "weight.absmax", "weight.quant_map"), "lm_head.weight.absmax"),
        (("weight", "SCB"), "lm_head.SCB"),
        (("weight", "weight_scale"), "lm_head.weight_scale"),
    ],
)
def test_a_quantized_head_is_refused_by_its_keys(pair, tmp_path, keys, culprit):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    kept = load_file(base / "model.safetensors")
    del kept["lm_head.weight"]
    kept |= {f"lm_head.{key}": torch.zeros(8, dtype=torch.uint8) for key in keys}
    save_file(kept, base / "model.safetensors")
    with pytest.raises(ModelError, match=f"the output head is quantized .'{culprit}'") as error:
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert "before it was quantized" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_an_eight_bit_matrix_is_refused_by_its_dtype(pair, tmp_path):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    kept = load_file(base / "model.safetensors")
    kept["lm_head.weight"] = kept["lm_head.weight"].to(torch.float8_e4m3fn)
    save_file(kept, base / "model.safetensors")
    with pytest.raises(ModelError, match="has dtype F8_E4M3"):
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")


def test_a_quantized_checkpoint_keeps_its_dtype(pair, tmp_path):
    base = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    quantized(base, "gptq")
    with pytest.raises(Exception, match="the checkpoint is quantized"):
        resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out", dtype="float32")


def test_a_config_that_states_endless_layers_is_refused_at_once(pico, tmp_path):
    shutil.copytree(pico, tmp_path / "base")
    path = tmp_path / "base" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 200_000}))
    with pytest.raises(ModelError, match="states 200,000 layers"):
        find_layout(open_checkpoint(tmp_path / "base"))


def test_embeddings_without_width_are_refused(pico, tmp_path):
    shutil.copytree(pico, tmp_path / "base")
    path = tmp_path / "base" / "model.safetensors"
    held = load_file(path)
    held["model.embed_tokens.weight"] = torch.empty(400, 0)
    save_file(held, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"shape \[400, 0\]"):
        find_layout(open_checkpoint(tmp_path / "base"))
