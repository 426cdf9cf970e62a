"""The shapes of four published models, small: vocabularies, key names, shards and templates."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from picos import TokenizerPair, write_extended, write_tokenizer
from safetensors.torch import load_file, save_file

from tokext.model.resize import resize_checkpoint
from tokext.model.revert import revert_checkpoint
from tokext.records import Extension
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType

pytestmark = pytest.mark.slow
MISTRAL = "mistralai/Mistral-7B-v0.1"
ROWS = ("model.embed_tokens.weight", "lm_head.weight")


@dataclass(frozen=True)
class Shape:
    """What a published checkpoint is made of; `padded` counts rows that no piece uses."""

    kind: str
    base: str
    shards: int
    template: str
    padded: int = 0
    gptq: bool = False
    dtype: torch.dtype = torch.bfloat16


SHAPES = {
    "zephyr": Shape(
        "mistral",
        "mistral",
        8,
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}</s>\n{% endfor %}",
    ),
    "synthia": Shape("mistral", "mistral", 2, ""),
    "shisa": Shape("mistral", "shisa", 4, "[INST] {{ messages[0].content }} [/INST]", padded=55),
    "xwin-gptq": Shape("llama", "llama-2", 1, "", gptq=True, dtype=torch.float16),
}


@pytest.fixture(scope="module")
def bases(
    pair: TokenizerPair, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, TokenizerPair]:
    """Mistral's vocabulary, 120,073 pieces like Shisa's, and one of Llama-2's specification."""
    root = tmp_path_factory.mktemp("bases")
    mistral = load_tokenizer(MISTRAL)
    write_tokenizer(root / "mistral", mistral.model)
    write_tokenizer(root / "shisa", mistral.model.extended(made_up_pieces(mistral, 120_073)))
    pairs = {"llama-2": pair}
    for name in ("mistral", "shisa"):
        base = load_tokenizer(root / name)
        extension = write_extended(root / f"{name}-extended", base)
        pairs[name] = TokenizerPair(root / name, root / f"{name}-extended", base, extension)
    return pairs


def made_up_pieces(base: Tokenizer, size: int) -> list[Piece]:
    """Pairs of the base's single kanji and kana: as many as reach the size."""
    known = {piece.text for piece in base.pieces}
    letters = [p.text for p in base.pieces if len(p.text) == 1 and p.text >= "ぁ"]
    pairs = (a + b for a in letters for b in letters)
    lowest = base.model.lowest_learned_score
    fresh = (text for text in pairs if text not in known)
    return [
        Piece(text, lowest - 1 - n, PieceType.NORMAL)
        for n, text in zip(range(size - base.size), fresh, strict=False)
    ]


def build(folder: Path, shape: Shape, tokenizer: TokenizerPair) -> Path:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        shape.kind,
        vocab_size=tokenizer.base.size + shape.padded,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=False,
    )
    model = AutoModelForCausalLM.from_config(config).to(shape.dtype)
    with torch.no_grad():
        for matrix in (model.get_input_embeddings(), model.get_output_embeddings()):
            matrix.weight[tokenizer.base.size :] = 0
    model.save_pretrained(folder)
    if shape.shards > 1:
        shard(folder, shape.shards)
    shutil.copytree(tokenizer.base_folder, folder, dirs_exist_ok=True)
    if shape.template:
        (folder / "chat_template.jinja").write_text(shape.template)
    return folder


def shard(folder: Path, n_shards: int) -> None:
    """Lay one file out as many, with an index."""
    whole = folder / "model.safetensors"
    held = load_file(whole)
    whole.unlink()
    per_file = -(-len(held) // n_shards)
    weight_map = {}
    for number in range(n_shards):
        names = list(held)[number * per_file : (number + 1) * per_file]
        file = f"model-{number + 1:05d}-of-{n_shards:05d}.safetensors"
        save_file({name: held[name] for name in names}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(names, file)
    size = sum(tensor.nbytes for tensor in held.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def quantize(folder: Path) -> None:
    """Lay every projection out as AutoGPTQ does, zero biases and rotary buffers included."""
    path = folder / "model.safetensors"
    kept: dict[str, torch.Tensor] = {}
    for name, weight in load_file(path).items():
        if not name.endswith("proj.weight"):
            kept[name] = weight
            continue
        owner, (rows, columns) = name.removesuffix(".weight"), weight.shape
        kept[f"{owner}.qweight"] = torch.randint(-(2**31), 2**31, (columns // 8, rows)).int()
        kept[f"{owner}.qzeros"] = torch.randint(-(2**31), 2**31, (1, rows // 8)).int()
        kept[f"{owner}.scales"] = torch.rand(1, rows).half()
        kept[f"{owner}.g_idx"] = torch.zeros(columns, dtype=torch.int32)
        kept[f"{owner}.bias"] = torch.zeros(rows).half()
    for layer in range(8):
        kept[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.rand(4)
    save_file(kept, path, metadata={"format": "pt"})
    settings = {
        "quant_method": "gptq",
        "bits": 4,
        "group_size": -1,
        "desc_act": True,
        "model_file_base_name": "model",
    }
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": settings}))
    (folder / "quantize_config.json").write_text(json.dumps(settings))


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return {
        k: v for path in sorted(folder.glob("*.safetensors")) for k, v in load_file(path).items()
    }


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one.view(torch.uint8), other.view(torch.uint8))


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_a_published_model_is_extended_and_given_back(bases, tmp_path, name):
    shape = SHAPES[name]
    pair = bases[shape.base]
    base = build(tmp_path / "base", shape, pair)
    if shape.gptq:
        quantize(base)
    assert len(list(base.glob("*.safetensors"))) == shape.shards
    result = resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out")
    assert result.n_rows == pair.extension.padded_size
    assert (result.check is None) is shape.gptq
    old, new = tensors(base), tensors(tmp_path / "out")
    assert set(new) == set(old)
    for key, tensor in old.items():
        kept = new[key][: pair.base.size] if key in ROWS else new[key]
        assert same(kept, tensor[: pair.base.size] if key in ROWS else tensor), key
    for key in ROWS:
        rows = old[key][list(pair.plain.constituents)].float().mean(0)
        torch.testing.assert_close(new[key][pair.plain.id].float(), rows, rtol=1e-2, atol=1e-3)
    if shape.template:
        assert (tmp_path / "out" / "chat_template.jinja").read_text() == shape.template
    revert_checkpoint(tmp_path / "out", output=tmp_path / "back")
    for path in base.glob("*.safetensors"):
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", SHAPES)
def test_it_loads_in_full_precision_without_a_warning_and_runs(
    bases, tmp_path, name, caplog, recwarn
):
    """GPTQ's loader needs a GPU's build tools: there the unquantized twin stands in."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pair = bases[SHAPES[name].base]
    base = build(tmp_path / "base", SHAPES[name], pair)
    resize_checkpoint(base, tokenizer=pair.folder, output=tmp_path / "out", check_logits=False)
    with caplog.at_level("WARNING"):
        model = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype="auto")
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert not caplog.records
    assert not list(recwarn)
    assert model.dtype == SHAPES[name].dtype
    ids = tokenizer("東京", add_special_tokens=False, return_tensors="pt").input_ids
    written = model.generate(ids, max_new_tokens=4, do_sample=False, pad_token_id=2)
    extension = Extension.read(tmp_path / "out")
    assert not set(written[0].tolist()) & set(extension.padding)


def test_a_checkpoint_that_bitsandbytes_wrote_is_extended_and_runs_in_four_bit(pair, tmp_path):
    """The real loader, on a CPU: the same logits for base ids, bit by bit, and new ids that run."""
    pytest.importorskip("bitsandbytes")
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    shape = Shape("mistral", "mistral", 1, "")
    base = build(tmp_path / "base", shape, pair)
    how = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    four_bit = AutoModelForCausalLM.from_pretrained(base, quantization_config=how)
    four_bit.save_pretrained(tmp_path / "four-bit")
    shutil.copytree(pair.base_folder, tmp_path / "four-bit", dirs_exist_ok=True)
    resize_checkpoint(tmp_path / "four-bit", tokenizer=pair.folder, output=tmp_path / "out")
    extended = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert extended.is_loaded_in_4bit
    ids = torch.tensor([[1, *range(300, 340)]])
    before, after = four_bit(input_ids=ids).logits, extended(input_ids=ids).logits
    assert torch.equal(after[..., : pair.base.size], before)
    new = torch.tensor([[1, pair.plain.id]])
    assert extended(input_ids=new).logits.isfinite().all()
    old, kept = tensors(tmp_path / "four-bit"), tensors(tmp_path / "out")
    assert all(same(kept[key], tensor) for key, tensor in old.items() if key not in ROWS)
