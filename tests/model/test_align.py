from tokext.model.align import count_spans
from tokext.model.base_check import text_bytes
from tokext.tokenizer.load import load_tokenizer

LINES = ["東京と京都の電車。", "鰯雲の下、日本の本屋で train を待つ。", "駅を出た電車"]


def test_spans_cover_the_piece_and_are_made_of_base_tokens(pair):
    extended = load_tokenizer(pair.folder)
    found = count_spans(LINES, pair.base, extended)
    assert found
    for id_, spans in found.items():
        assert id_ >= pair.base.size
        for ids, count in spans:
            carried = b"".join(text_bytes(pair.base.pieces[i]) for i in ids)
            assert text_bytes(extended.pieces[id_]) in carried
            assert count > 0


def test_counts_are_those_of_the_extended_tokens(pair):
    extended = load_tokenizer(pair.folder)
    ids = [i for line in LINES for i in extended.encode(line) if i >= pair.base.size]
    found = count_spans(LINES, pair.base, extended)
    assert {i: sum(c for _, c in spans) for i, spans in found.items()} == {
        i: ids.count(i) for i in set(ids)
    }


def test_a_base_token_that_reaches_beyond_the_piece_is_part_of_its_span(pair):
    """The base may merge the piece's first character with what stands before it."""
    extended = load_tokenizer(pair.folder)
    found = count_spans(["電車の駅を出た"] * 3, pair.base, extended)
    train = next(a for a in pair.extension.added if a.piece == "電車")
    touched = found[train.id][0][0]
    assert "電" in "".join(pair.base.pieces[i].text for i in touched)


def test_no_text_gives_no_spans(pair):
    assert count_spans([], pair.base, load_tokenizer(pair.folder)) == {}
