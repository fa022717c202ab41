# Two commands set everything up on a machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup up demo test check fuzz lock clean

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

# Readers under a fuzzer that coverage leads, FUZZ_SECONDS for each kind of file; for nights, not for CI. Python 3.11 to 3.13.
FUZZ_SECONDS ?= 60
FUZZ_KINDS ?=

fuzz: .venv-fuzz/ready
	.venv-fuzz/bin/python -m benchmarks.fuzz_guided $(FUZZ_SECONDS) $(FUZZ_KINDS)

# The fuzzer alone; what it fuzzes is taken from the project's own environment.
.venv-fuzz/ready: .venv/ready benchmarks/fuzz-requirements.txt
	$(BIN)/python -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/fuzz-requirements.txt
	.venv-fuzz/bin/python -c "import sysconfig, pathlib; \
	  there = pathlib.Path('.venv', *pathlib.Path(sysconfig.get_path('purelib')).parts[-3:]).resolve(); \
	  pathlib.Path(sysconfig.get_path('purelib'), 'project.pth').write_text(str(there))"
	touch $@

lock: setup
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --generate-hashes --no-header --output-file requirements.lock

clean:
	rm -rf .venv .venv-fuzz var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
