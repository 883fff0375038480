# `make run` serves the app, `make test` runs every test; both install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin
# Where this is set, each process of the tests compiles all modules anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run quick test bench fuzz chaos screenshots check lint types audit style clean

run: .venv/.ready
	$(BIN)/python app.py

# About two in three tests: no browser, no PostgreSQL, no program of its own, and none marked slow.
quick: .venv/.ready-dev
	$(BIN)/python -m pytest tests --ignore=tests/browser -m "not postgres and not processes and not slow" -n 4 --dist loadgroup --no-loadscope-reorder

test: .venv/.ready-dev
	$(BIN)/python -m tests.tools
	$(BIN)/python -m pytest tests --ignore=tests/browser -n 5 --dist loadgroup --no-loadscope-reorder --reruns 1 -rR
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest tests/browser -n 3 --dist loadgroup --reruns 1 -rR

# Measurements as ratios within one run; none can fail.
bench: .venv/.ready-dev
	$(BIN)/python -m tests.benchmarks

# 1,000 random requests to each route and endpoint; a few are part of the tests.
fuzz: .venv/.ready-dev
	$(BIN)/python -m tests.fuzzing 1000

# The long fault-injection campaign on both databases; a short one is part of the tests.
chaos: .venv/.ready-dev
	$(BIN)/python -m tests.chaos

# The pictures in docs/.
screenshots: .venv/.ready-dev
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m tests.browser.screenshots

# Changes nothing; `make style` fixes.
check: lint types audit

lint: .venv/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m components.catalog catalog.yaml

types: .venv/.ready-dev
	$(BIN)/mypy

audit: .venv/.ready-dev
	$(BIN)/python -m tests.audit

style: .venv/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.ready: requirements.txt .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

# It includes requirements.txt. pip would compile on one core.
.venv/.ready-dev: requirements-dev.txt requirements.txt .venv/bin/python
	$(BIN)/python -m pip install --quiet --no-compile -r requirements-dev.txt
	$(BIN)/python -m compileall -qq -j 0 -x /tests/ .venv/lib
	@touch .venv/.ready $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
