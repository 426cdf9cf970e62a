"""Data sets of the hub, streamed; here from local folders in the hub's form, without a network."""

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest

from tokext.corpus.hub import parse_hub
from tokext.corpus.read import read_corpus
from tokext.errors import InputError

pytest.importorskip("datasets", reason="needs tokext[hub]")


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """The libraries read these when they are first imported, and again from their constants."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))


def shards(folder, split="train"):
    folder.mkdir()
    for number, season in enumerate("春夏"):
        table = pa.table({"text": [season * 3, "", None], "id": [1, 2, 3]})
        pa.parquet.write_table(table, folder / f"{split}-0000{number}-of-00002.parquet")
    return folder


def test_parquet_shards_are_streamed(tmp_path):
    corpus = read_corpus(f"hf:{shards(tmp_path / 'seasons')}", max_bad_share=1)
    assert list(corpus) == list(corpus) == ["春春春", "夏夏夏"]
    stats = corpus.stats
    assert (stats.n_empty, stats.n_missing_field, stats.n_lost_bytes) == (2, 2, 28)
    assert stats.n_read_bytes == 18 + 28
    assert corpus.files[0].name == "hf:seasons"


def test_jsonl_files_are_streamed(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    rows = [{"text": f"{i}行目"} for i in range(2500)]
    (folder / "train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    assert list(read_corpus(f"hf:{folder}")) == [r["text"] for r in rows]


def test_a_missing_column_lists_the_columns(tmp_path):
    corpus = read_corpus(f"hf:{shards(tmp_path / 'seasons')}", text_field="body")
    with pytest.raises(InputError, match="no field 'body'; its fields are 'text', 'id'"):
        list(corpus)


def test_a_missing_split_lists_the_splits(tmp_path):
    folder = shards(tmp_path / "seasons", split="test")
    with pytest.raises(InputError, match="no split 'train'; it has test") as caught:
        list(read_corpus(f"hf:{folder}"))
    assert caught.value.hint.endswith("--split test.")
    corpus = read_corpus(f"hf:{folder}", split="test", max_bad_share=1)
    assert len(list(corpus)) == 2


def test_a_missing_configuration_is_named(tmp_path):
    with pytest.raises(InputError, match=r"'20990101\.ja' not found"):
        list(read_corpus(f"hf:{shards(tmp_path / 'seasons')}:20990101.ja"))


def test_a_hub_that_is_switched_off_is_said_in_one_line():
    with pytest.raises(InputError, match="hf:nobody/nothing@main cannot be read") as caught:
        list(read_corpus("hf:nobody/nothing@main"))
    assert "HF_HUB_OFFLINE" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_name_is_taken_apart():
    source = parse_hub("hf:nobody/texts:2024.ja@abc", "train")
    assert (source.dataset, source.config, source.revision) == ("nobody/texts", "2024.ja", "abc")
    with pytest.raises(InputError, match="'hf:' names no data set"):
        read_corpus("hf:")


def test_a_revision_of_a_folder_is_refused(tmp_path):
    folder = shards(tmp_path / "seasons")
    with pytest.raises(InputError, match="asks for a revision of a folder") as caught:
        read_corpus(f"hf:{folder}@v1")
    assert caught.value.hint == f"write hf:{folder} for the folder as it is."


def test_without_the_package_the_error_says_how_to_install_it(tmp_path):
    program = (
        "import sys; sys.modules['datasets'] = None\n"
        "from tokext.corpus.read import read_corpus\n"
        "from tokext.errors import InputError\n"
        "try: list(read_corpus('hf:' + sys.argv[1]))\n"
        "except InputError as error: print(error, error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert "needs the package datasets" in done.stdout, done.stderr
    assert "pip install 'tokext[hub]'" in done.stdout


def test_reading_files_does_not_load_the_hub_libraries(tmp_path):
    (tmp_path / "a.txt").write_text("a\n")
    program = (
        "import sys; from tokext.corpus.read import read_corpus; list(read_corpus(sys.argv[1]))\n"
        "print(*{'datasets', 'huggingface_hub', 'pyarrow', 'torch', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert not done.stdout.strip(), done.stderr
    assert not done.returncode
