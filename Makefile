# Needs Python 3.11 or newer, make and a C library; everything else is installed into .venv.

PORT ?= 8000
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
COMPILE := .venv-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

.PHONY: help run test lint bench lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##  */make \1	/p' Makefile | expand -t 14

run: $(VENV)/local  ## Quayside with all it needs at http://localhost:8000 (PORT=… for another); Ctrl-C stops it
	@PORT=$(PORT) exec $(BIN)/python -m app.dev

test: $(VENV)/dev  ## all tests on two processes (TESTS=tests/clients for some of them)
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -n 2 $(TESTS)

lint: $(VENV)/dev  ## style, types, templates, migrations there and back, what must not be committed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python -m tests.migrations
	$(BIN)/python deploy/commit_checks.py --all

bench: $(VENV)/dev  ## measure against the targets and write bench/results.md
	$(BIN)/python -m bench

lock:  ## choose the newest versions again and pin them by hash
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --upgrade --extra local --extra dev --output-file requirements/dev.txt
	@# What runs is what was tested: the same versions as beside the test tools.
	$(COMPILE) --constraint requirements/dev.txt --extra local --output-file requirements/local.txt
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/base.txt

clean:  ## remove what was installed and built; the data in var/ stays
	rm -rf $(VENV) .venv-lock .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "Quayside needs Python 3.11 or newer; none was found."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/local: requirements/local.txt | $(VENV)/made
	@echo "Installing what Quayside needs into $(VENV)"
	@$(INSTALL) requirements/local.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt | $(VENV)/made
	@echo "Installing what the tests need into $(VENV)"
	@$(INSTALL) requirements/dev.txt
	@touch $@
	@# Look at what is about to be committed, unless this clone has hooks of its own.
	@if [ "$$(git rev-parse --show-toplevel 2>/dev/null)" = "$(CURDIR)" ]; then \
		git config core.hooksPath >/dev/null || git config core.hooksPath .githooks; fi
