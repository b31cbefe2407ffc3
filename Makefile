# Every target sets up what it needs from a bare Python 3.11 with pip; nothing else is assumed.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
FOLDER ?= demo
ARGS ?=
KERNEL := $(shell find src/trialwright -path '*/kernel/*')

.PHONY: help setup run test test-long check bench docs lock clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# Where the distribution leaves pip out of new environments, the pip outside installs into it.
$(VENV)/.ready: requirements.lock pyproject.toml setup.py $(KERNEL)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trialwright needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip --clear $(VENV)
	@echo "setting up $(VENV) (once)"
	@pip="$(BIN)/python -m pip"; $$pip --version >/dev/null 2>&1 || pip="$(PYTHON) -m pip --python $(BIN)/python"; \
	  $$pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $$pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

setup: $(VENV)/.ready ## set up the virtual environment and nothing else

run: setup ## the reference trial from first patient to report, then served (FOLDER=demo)
	$(BIN)/trialwright demo $(FOLDER) --serve

test: setup ## the tests (ARGS="tests/spec -k consent" for some of them)
	$(BIN)/python -m pytest -n auto -m "not long" --record=build/results.json $(ARGS)

test-long: setup ## the slow proofs
	$(BIN)/python -m pytest -n auto -m long --record=build/results.json $(ARGS)

check: setup ## lint, types, import contracts, budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases --no-warn-unused-ignores docs bench tests/architecture tests/plugins
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tests/architecture/budgets.py

bench: setup ## benchmarks (ARGS="NAME ... --write" for some, kept in docs/validation/bench.md)
	$(BIN)/python -m bench $(ARGS)

docs: setup ## the manual and the validation record, from the tests and their last results
	$(BIN)/python -m docs.build

lock: setup ## renew the locked dependencies
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate --extra dev pyproject.toml requirements-build.in -o requirements.lock

clean: ## remove what was built
	rm -rf $(VENV) demo build src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
