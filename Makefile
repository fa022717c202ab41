# Two commands set everything up on a machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup up demo test check lock clean

setup: .venv/ready

# uv comes into the project's own environment, so that only Python and the package index are needed.
.venv/ready: requirements.lock pyproject.toml .uv-version
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(shell cat .uv-version)
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

# The whole system with embedded defaults; Ctrl-C stops it.
up: setup
	$(BIN)/duban up

# The main job on real parts: a letter becomes an archived record and routed commitments. DEMO_ONCE=1 stops afterwards.
demo: setup
	@$(BIN)/python -m flows.demo

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: setup
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes --no-header --output-file requirements.lock

clean:
	rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
