# make run · make test · make lint · make demo · make bench · make lock
# Set PYTHON to choose an interpreter: make run PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK_ARGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -q

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUNBUFFERED := 1

.PHONY: run test lint demo pictures bench lock clean help

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run  ## Install, then run everything
	@$(BIN)/lotse run

demo: $(VENV)/.run  ## Run with invented people; prints a one-time sign-in link for the desk
	@$(BIN)/lotse demo

test: $(VENV)/.dev  ## Install what the tests need, then run them
	@scripts/test-needs.sh
	$(BIN)/python -m pytest -q

lint: $(VENV)/.dev  ## Style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pictures: $(VENV)/.dev  ## Take the README's pictures anew (Debian: fonts-noto-core fonts-noto-color-emoji)
	LOTSE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_browser_demonstration.py

bench: $(VENV)/.dev  ## Start time, memory, latency, messages a second beside a bare echo bot
	$(BIN)/python -m bench

$(VENV)/bin/python:
	@scripts/make-venv.sh "$(PYTHON)" "$(VENV)"

$(VENV)/.run: $(VENV)/bin/python requirements.lock pyproject.toml
	@if [ ! -e $(VENV)/.dev ]; then echo "… Installing the pinned dependencies (a minute or two, only once)"; \
	  $(BIN)/pip install -q --require-hashes -r requirements.lock; fi
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	@echo "… Installing the pinned dependencies with those of the tests (a minute or two, only once)"
	@$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

lock:  ## Renew the pinned versions (needs uv)
	uv pip compile pyproject.toml --extra build -o requirements.lock $(LOCK_ARGS)
	uv pip compile pyproject.toml --extra build --extra dev -c requirements.lock -o requirements-dev.lock $(LOCK_ARGS)

clean:  ## Remove what was installed and built, never data/
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
