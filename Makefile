# Every target sets up what it needs from a bare Python 3.11 with pip; nothing else is assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1

.PHONY: run test test-long check bench docs lock clean setup
.DEFAULT_GOAL := help

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trialwright needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

setup: $(VENV)/.ready ## set up the virtual environment and nothing else

run: setup ## the reference trial from first patient to report, then served
	$(BIN)/trialwright demo demo --serve

test: setup ## the tests
	$(BIN)/python -m pytest -n auto -m "not long"

test-long: setup ## the slow proofs
	$(BIN)/python -m pytest -n auto -m long

check: setup ## lint, types, import contracts, budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## benchmarks, peers beside us
	$(BIN)/python -m bench

docs: setup ## the manual and the validation record, from the tests
	$(BIN)/python -m docs.build

lock: setup ## renew the locked dependencies
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --extra dev pyproject.toml -o requirements.lock requirements-build.in

clean: ## remove what was built
	rm -rf $(VENV) demo build src/*.egg-info
