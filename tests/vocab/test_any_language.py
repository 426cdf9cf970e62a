"""Every language that tokext names is learned and merged from its letters alone."""

import re
import unicodedata
from pathlib import Path

import pytest
import regex

from tokext.corpus.count import count_runs
from tokext.corpus.embedded import embedded_lines
from tokext.languages import find_language
from tokext.merge.extension import merge_vocab
from tokext.merge.merge import extend
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.folder import write_added
from tokext.vocab.rules import Rules
from tokext.vocab.train import learn_at_most

TEXTS = {
    path.stem: path.read_text(encoding="utf-8").splitlines()
    for path in sorted((Path(__file__).parents[1] / "data" / "languages").glob("*.txt"))
}
each_language = pytest.mark.parametrize("code", TEXTS)

#: A word in the Unicode names of its letters; of Latin letters all but the plain 26 count.
NAMED = {
    "ar": "ARABIC",
    "el": "GREEK",
    "he": "HEBREW",
    "hi": "DEVANAGARI",
    "ko": "HANGUL",
    "pl": " WITH ",
    "ru": "CYRILLIC",
    "th": "THAI",
    "tr": "LATIN",
    "vi": " WITH ",
    "zh": "CJK",
}


@pytest.fixture(scope="module")
def mistral():
    return load_tokenizer("mistralai/Mistral-7B-v0.1")


@pytest.fixture(scope="module", params=["none", "punctuation"])
def learned(mistral, request):
    """Up to 80 pieces of each language, with the default boundary and that of the fast preset."""
    pieces = {}
    for code, lines in TEXTS.items():
        counts = count_runs([lines], language=code, boundary=request.param)
        rules = Rules(find_language(code), min_count=1)
        pieces[code] = learn_at_most(counts, mistral, 80, "continue", rules)
    return pieces


@pytest.fixture(scope="module")
def merged(mistral, learned):
    return {c: extend(mistral, p, language=find_language(c)) for c, p in learned.items()}


def test_all_the_languages_that_are_promised_have_a_text():
    assert set(TEXTS) == {"zh", "ko", "th", "hi", "ar", "ru", "el", "he", "vi", "pl", "tr"}


@each_language
def test_every_piece_has_a_letter_that_unicode_names_so(learned, code):
    assert len(learned[code]) >= 60
    for piece in (p.piece for p in learned[code]):
        letters = [c for c in piece if unicodedata.category(c)[0] == "L" and not c.isascii()]
        assert any(NAMED[code] in unicodedata.name(c) for c in letters), piece


@each_language
def test_its_own_text_takes_fewer_tokens_and_decodes_to_itself(mistral, merged, code):
    model = merged[code].model
    for line in TEXTS[code]:
        assert len(model.encode(line)) <= len(mistral.model.encode(line))
        assert model.processor.decode(model.encode(line)) == line
    assert _total(model, code) < 0.97 * _total(mistral.model, code)


@each_language
def test_text_of_other_scripts_is_cut_as_before(mistral, merged, code):
    model = merged[code].model
    has_letter = find_language(code).has_letter
    others = [line for other, lines in TEXTS.items() if other != code for line in lines]
    lines = [*embedded_lines("en"), *embedded_lines("code"), *others]
    plain = [line for line in lines if not has_letter(line)]
    assert len(plain) > 100
    assert model.spell_all(plain) == mistral.model.spell_all(plain)


@each_language
def test_every_piece_is_reached(merged, code):
    model, extension = merged[code].model, merged[code].extension
    assert merged[code].dropped == {}
    for added in extension.added:
        assert model.spell(added.piece) == [added.id]


@pytest.mark.parametrize("code", ["pl", "tr", "vi"])
def test_a_latin_language_learns_no_word_that_english_could_write(learned, code):
    pieces = [p.piece for p in learned[code]]
    assert not any(piece.isascii() for piece in pieces)
    assert any(c.isascii() and c.isalpha() for piece in pieces for c in piece)


@pytest.mark.parametrize("code", ["vi", "pl", "tr"])
def test_the_page_says_how_much_of_a_latin_language_is_left_alone(mistral, code):
    words = regex.findall(r"\p{L}[\p{L}\p{M}]*", "\n".join(TEXTS[code]))
    alone = [word for word in words if not find_language(code).has_letter(word)]
    n_tokens, n_alone = (
        sum(map(len, mistral.model.spell_all([f"▁{word}" for word in some])))
        for some in (words, alone)
    )
    page = (Path(__file__).parents[2] / "docs" / "method" / "pieces.md").read_text("utf-8")
    name = find_language(code).name
    said = re.search(rf"(\d+) % of the\s+words alone in {name} \((\d+) %", page) or re.search(
        rf"(\d+) % in {name}\s+\((\d+) %", page
    )
    shares = (len(alone) / len(words), n_alone / n_tokens)
    assert [int(number) for number in said.groups()] == [round(100 * share) for share in shares]


def test_decomposed_vietnamese_has_no_letter_of_its_own():
    """Written with combining marks its letters are English ones: what such a text would cost."""
    decomposed = [unicodedata.normalize("NFD", line).replace("đ", "d") for line in TEXTS["vi"]]
    counts = count_runs([decomposed], language="vi", boundary="punctuation")
    assert len(counts) == 0


@pytest.mark.slow
@pytest.mark.parametrize("code", ["ru", "th", "vi"])
def test_all_guarantees_hold_where_words_have_spaces_none_or_english_letters(
    mistral, learned, code, tmp_path
):
    (tmp_path / "added").mkdir()
    write_added(tmp_path / "added", learned[code], like=mistral.model)
    result = merge_vocab(tmp_path / "added", tmp_path / "out", language=code)
    assert all(g.passed and g.n_checked for g in result.guarantees)


def _total(model, code):
    return sum(map(len, model.spell_all(TEXTS[code])))
