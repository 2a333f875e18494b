# Everything a newcomer or CI runs. Needs Python 3.11+ and make; the rest goes into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Files, not tests, are the unit: a module's servers and fixtures stay in one process.
PYTEST := $(BIN)/pytest -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test lint types schema bench docs wheel-test lock clean

help:
	@echo "make run | test | lint | types | schema | bench | docs | wheel-test | lock | clean"

$(STAMP): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP)
	$(BIN)/rewire demo
