# Everything that a newcomer, a developer and CI run. It needs Python 3.11+ and make; whatever else
# there is goes into .venv, once, from the hash-locked requirements-dev.txt.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
BUILD  := build
# A file of tests, not a test, is what a worker takes: its fixtures and servers stay together.
PYTEST := $(BIN)/pytest -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test lint types schema-check unit bench docs schema wheel-test lock clean

help:
	@echo 'make run         see it work: upstreams, clients, a file to edit (ARGS="--for 20s")'
	@echo 'make test        every check and every fast test'
	@echo 'make lint types  two parts of it'
	@echo 'make schema docs regenerate what is generated'
	@echo 'make bench       measure'
	@echo 'make wheel-test  build the wheel and try it in an empty environment'
	@echo 'make lock        renew requirements-dev.txt'
	@echo 'make clean       remove what was made, .venv too'

$(READY): requirements-dev.txt pyproject.toml
	@echo 'preparing $(VENV) (once; about half a minute)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer, please: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY)
	@$(BIN)/rewire demo $(ARGS)

test: lint types schema-check unit

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: $(READY)
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

schema-check: $(READY)
	@if [ -d runtime/rewire/cli ]; then $(BIN)/rewire schema --check; \
	else echo 'schema --check: skipped, there is no command line yet'; fi

unit: $(READY)
	$(PYTEST)

bench: $(READY)
	$(BIN)/pytest -m bench --timeout 0 -s

schema: $(READY)
	@mkdir -p $(BUILD)
	$(BIN)/rewire schema > $(BUILD)/connections.schema.json
	mv $(BUILD)/connections.schema.json schemas/connections.schema.json

docs: $(READY)
	@if [ -f docs/generate.py ]; then $(BIN)/python docs/generate.py; \
	else echo 'docs: nothing is generated yet'; fi

# The environment that is tested gets the locked versions but nothing else of ours: no checkout on
# its path, no development tools.
wheel-test: $(READY)
	rm -rf $(BUILD)/wheel && mkdir -p $(BUILD)/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir $(BUILD)/wheel
	sed -n 's/^\([a-z0-9-]*==[^ ]*\).*/\1/p' requirements-dev.txt > $(BUILD)/wheel/constraints.txt
	$(PYTHON) -m venv $(BUILD)/wheel/venv
	$(BUILD)/wheel/venv/bin/pip install -qq -c $(BUILD)/wheel/constraints.txt $(BUILD)/wheel/rewire-*.whl
	cp tests/acceptance/wheel_smoke.py $(BUILD)/wheel/
	cd $(BUILD)/wheel && venv/bin/python -I wheel_smoke.py

lock:
	$(PYTHON) -m venv $(BUILD)/lock
	$(BUILD)/lock/bin/pip install -qq pip-tools
	env -u PIP_FIND_LINKS PIP_CONFIG_FILE=/dev/null $(BUILD)/lock/bin/pip-compile --no-config --quiet \
	  --upgrade --generate-hashes --strip-extras --no-header \
	  --extra admin --extra http2 --extra rich --extra socks \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements-dev.txt pyproject.toml requirements-dev.in

clean:
	rm -rf $(VENV) $(BUILD) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find runtime tests docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
