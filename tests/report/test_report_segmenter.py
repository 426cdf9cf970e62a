"""The text box of the page cuts text as SentencePiece does, token for token."""

from __future__ import annotations

import base64
import json
import os
import random
import zlib
from pathlib import Path

import pytest
from browser import run_page
from report_data import HOSTILE

from tokext.records import Extension, read_record
from tokext.report import write_report
from tokext.report.packed import pack
from tokext.report.segmenter import segmenter_scripts
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.rules import merge_rules
from tokext.tokenizer.sentencepiece import Piece, PieceType

MISTRAL = "mistralai/Mistral-7B-v0.1"
TEXTS = [
    "",
    " ",
    "  two  spaces   and\ttabs\n\n\nlines \r\n",
    "▁ already ▁▁ there",
    "今日は、東京の研究者がコーヒーを飲んだ。",
    "👩‍👩‍👧 𠮷野家 ﷽ \u202e \x00\x7f",
    "<0xE3> <s> </s> <unk> [INST]",
    "def f(x):\n    return x ** 2  # 二乗\n",
    *HOSTILE,
]


def ids_in_the_page(packed, texts, folder: Path) -> list[list[list[int]]]:
    """The ids of each text, by the base's pieces and by all, from the page's own encoder."""
    data = json.dumps({"packed": packed, "texts": texts}).replace("<", "\\u003c")
    page = f"<body><script>{segmenter_scripts()}; const given = {data};</script></body>"
    script = """
        const v = await bpe.open(given.packed);
        const ids = (text, limit) => v.cut(text, limit).map((token) => token.id);
        return JSON.stringify(given.texts.map((t) => [ids(t, given.packed.baseSize), ids(t)]));"""
    found = run_page(page, folder, script)
    assert not found.startswith("failed"), found
    return json.loads(found)


def packed_folder(folder: Path):
    rules = read_record(folder)["result"]["rules"]
    return pack(folder, Extension.read(folder), rules).as_dict()


def held_out_lines() -> list[str]:
    data = Path(os.environ.get("TOKEXT_DATA", "")) / "corpora"
    names = ("ja_heldout_literature.txt", "ja_heldout_technical.txt", "en_control.txt")
    if not all((data / name).is_file() for name in names):
        pytest.skip("TOKEXT_DATA names no folder with the held-out corpora")
    return [line for name in names for line in (data / name).read_text("utf-8").split("\n")]


def check(folder: Path, texts: list[str], tmp_path: Path):
    extended, base = load_tokenizer(folder).model, load_tokenizer(MISTRAL).model
    found = ids_in_the_page(packed_folder(folder), texts, tmp_path)
    for text, (before, after) in zip(texts, found, strict=True):
        assert before == base.encode(text), text
        assert after == extended.encode(text), text


def test_hard_texts_are_cut_as_sentencepiece_cuts_them(extended_folder, tmp_path):
    random_ = random.Random(1)
    alphabet = "ab 　。、のです東京カード研究者<>0x1F▁\n\t🐈é\u0301한"
    noise = ["".join(random_.choices(alphabet, k=random_.randint(1, 60))) for _ in range(2000)]
    check(extended_folder, [*TEXTS, *noise], tmp_path)


@pytest.mark.slow
def test_every_held_out_line_is_cut_as_sentencepiece_cuts_it(extended_folder, tmp_path):
    check(extended_folder, held_out_lines(), tmp_path)


def test_own_tokens_of_a_fine_tune_are_matched_before_merges(tmp_path):
    base = load_tokenizer(MISTRAL).model
    low = base.lowest_learned_score
    more = [Piece("<|a|>", 0.0, PieceType.USER_DEFINED), Piece("東京", low - 1, PieceType.NORMAL)]
    model = base.extended([*more, Piece("<|a|>b", 0.0, PieceType.USER_DEFINED)])
    texts = ["<|a|>東京<|a|>b <|a|>", "<|a|", "x<|a|>b"]
    pieces = "\n".join(p.text for p in model.pieces)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    rules = merge_rules(model)
    packed = {
        "pieces": base64.b64encode(squeeze.compress(pieces.encode()) + squeeze.flush()).decode(),
        "prefix": True,
        "baseSize": base.size,
        "userDefined": rules.user_defined,
        "runs": [[r.first, r.n, r.rank, r.step] for r in rules.runs],
    }
    found = ids_in_the_page(packed, texts, tmp_path)
    assert [after for _, after in found] == [model.encode(text) for text in texts]


def test_a_browser_without_decompression_unpacks_all_the_same(extended_folder, tmp_path):
    random_ = random.Random(2)
    cases = [
        b"",
        b"a",
        b"abc" * 400,
        bytes(random_.randbytes(5000)),
        "日本語の文章。".encode() * 900,
    ]
    packed = []
    for case in cases:
        for level, strategy in ((0, 0), (1, zlib.Z_FIXED), (9, zlib.Z_DEFAULT_STRATEGY)):
            squeeze = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
            packed.append(list(squeeze.compress(case) + squeeze.flush()))
    page = f"<body><script>{segmenter_scripts()}; const given = {packed};</script></body>"
    script = """
        const out = (d) => [...inflate.alone(Uint8Array.from(d))];
        const browser = async (d) => [...await inflate(Uint8Array.from(d))];
        return JSON.stringify([given.map(out), await Promise.all(given.map(browser))]);"""
    alone, own = json.loads(run_page(page, tmp_path, script))
    assert alone == [list(case) for case in cases for _ in range(3)]
    assert own == alone


def test_what_is_typed_is_cut_and_counted_at_once_and_nothing_of_it_is_markup(
    extended_folder, tmp_path
):
    write_report([extended_folder], tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    text = f"今日は東京の研究者が🐈を見た。 {HOSTILE[0]}\u202e\n  x"
    script = f"""
        await new Promise((done) => setTimeout(done, 500));
        const root = document.querySelector(".segmenter"), area = root.querySelector("textarea");
        if (root.hidden) return root.dataset.error || "still hidden";
        area.value = {json.dumps(text)};
        area.dispatchEvent(new Event("input"));
        await new Promise((done) => setTimeout(done, 500));
        const sides = [...root.querySelectorAll(".side")].map((side) => ({{
            count: side.querySelector(".count").textContent,
            ids: [...side.querySelectorAll(".t")].map((t) => Number(t.dataset.id)),
            bytes: [...side.querySelectorAll(".byte")].map((t) => t.textContent).join(""),
            markup: side.querySelectorAll("script, img").length,
        }}));
        const last = [...root.querySelectorAll(".side")][1].querySelector(".t.added");
        last.dispatchEvent(new PointerEvent("pointerover", {{bubbles: true}}));
        return JSON.stringify({{sides, tip: document.getElementById("tip").textContent,
            gain: root.querySelector(".gain").textContent}});"""
    found = json.loads(run_page(page, tmp_path, script.replace("</", "<\\/")))
    base, extended = load_tokenizer(MISTRAL).model, load_tokenizer(extended_folder).model
    for side, model in zip(found["sides"], (base, extended), strict=True):
        ids = model.encode(text)
        assert side["ids"] == ids
        assert side["count"].startswith(f"{len(ids)} tokens · {len(text) / len(ids):.2f} char")
        assert "F09F9088" in side["bytes"]
        assert side["markup"] == 0
    times = len(base.encode(text)) / len(extended.encode(text))
    assert found["gain"].startswith(f"{times:.2f} times")
    first = next(i for i in extended.encode(text) if i >= base.size)
    assert found["tip"] == f"{first:,} · {extended.pieces[first].text}"
