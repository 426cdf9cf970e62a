# make demo   the whole line on what comes with tokext, offline, ending in a report
# make test   lint, types and every test          make quick   the tests that take seconds
# make docs   the site, into site/                make bench   all benchmarks but four (bench-NAME), and the page;
#             TOKEXT_DATA names the folder with corpora/, peers/ and samples/
PYTHON ?= python3
BIN := .venv/bin
TESTS := $(BIN)/python -m pytest -n 2

.PHONY: demo test quick lint bench bench-scaling bench-gguf_parity bench-initialization bench-rows docs clean

demo: .venv/installed
	$(BIN)/tokext demo

test: lint
	$(TESTS)

quick: .venv/installed
	$(TESTS) -q -m "not slow"

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "tokext needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

bench: .venv/installed
	$(BIN)/python benchmarks/all.py

bench-scaling bench-gguf_parity bench-initialization bench-rows: .venv/installed
	$(BIN)/python benchmarks/all.py --only $(@:bench-%=%)

docs: .venv/installed
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
