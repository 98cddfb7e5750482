# The verbs of this project. `make help` lists them; the first use of one sets up .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
COMPILED := build/compiled
COMPILED_PYTHON := PYTHONPATH=$(COMPILED):. $(BIN)/python -P
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

export SIMULATOR_DATA ?= ../shared/data

.PHONY: help run run-compiled test test-fast test-data test-compiled check compile bench mutation soak

help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.server  ## Serve the practice world on http://127.0.0.1:8000
	$(BIN)/simulator serve

test: $(VENV)/.dev  ## Run all tests that need nothing but a clone
	$(BIN)/python -m pytest -n 2 -m "not data"

test-fast: $(VENV)/.dev  ## Run the tests of a minute: without slow ones and real data
	$(BIN)/python -m pytest -n 2 -m "not data and not slow"

test-data: $(VENV)/.dev  ## Run the tests on real market data ($SIMULATOR_DATA)
	@test -d "$$SIMULATOR_DATA" || { \
		echo "SIMULATOR_DATA=$$SIMULATOR_DATA should be the folder of the market data files" >&2; \
		exit 1; }
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m data

check: $(VENV)/.dev  ## Check style (ruff), types (mypy) and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

compile: $(COMPILED)/.done  ## Compile rules and state of the core with mypyc into build/compiled

run-compiled: $(COMPILED)/.done  ## As run, with the compiled core (needs a C compiler)
	$(COMPILED_PYTHON) -m simulator.cli serve

test-compiled: $(COMPILED)/.done  ## Run the tests of the core with the compiled core
	$(COMPILED_PYTHON) -m pytest -n 2 tests/rules tests/core tests/golden tests/properties

bench: $(VENV)/.dev $(COMPILED)/.done  ## Measure: prints tables, tests nothing (needs a C compiler)
	$(BIN)/python -m benchmarks
	$(COMPILED_PYTHON) -m benchmarks.core_commands
	$(COMPILED_PYTHON) -m benchmarks.fold

mutation: $(VENV)/.dev  ## Break rules of the core, one at a time, and see a test fail each time
	$(BIN)/python -m tests.mutation

soak: $(VENV)/.dev  ## Kill the server 100 times; then many more random examples (takes hours)
	$(BIN)/python -m tests.e2e.crash --rounds 100
	SIMULATOR_TEST_PROFILE=soak $(BIN)/python -m pytest -n 2 -m "not data"

# The same source, compiled in a folder of its own: what is run and tested otherwise stays Python.
$(COMPILED)/.done: $(VENV)/.dev build_core.py $(shell find simulator config migrations -type f -not -name '*.pyc')
	$(BIN)/python build_core.py $(COMPILED)
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
		"Python 3.11 or newer is needed, this is " + sys.version.split()[0] + \
		"; try make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# A stamp is newer than what it was installed from. The one of the developers' packages includes
# the server's, so `make run` after `make test` installs nothing.
$(VENV)/.server: requirements/server.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements/server.txt
	$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/server.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements/dev.txt
	$(PIP_INSTALL) --no-deps --editable .
	@touch $(VENV)/.server $@
