# `make run` starts the playground, `make test` runs every test; all set up what they need in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test bench chaos check style clean

run: .venv/.ready
	$(BIN)/python app.py

test: .venv/.ready-dev
	$(BIN)/python -m tests.tools
	$(BIN)/python -m pytest tests --ignore=tests/browser -n 4 --dist loadfile
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest tests/browser -n 3 --dist loadfile

# Figures, as ratios within one run; nothing here can fail.
bench: .venv/.ready-dev
	$(BIN)/python -m tests.benchmarks

# The long fault campaign, on both databases; a short one is part of the tests.
chaos: .venv/.ready-dev
	$(BIN)/python -m tests.chaos

# Reads only; `make style` writes.
check: .venv/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m components.catalog catalog.yaml

style: .venv/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.ready: requirements.txt .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
