# Each target creates or updates its environment by itself; only Python (3.11 or
# newer) and make are needed. `make VENV=/some/where` puts the environment elsewhere.

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= test,bench
JOBS ?= 2
ARGS ?=

BIN := $(VENV)/bin
READY := $(VENV)/.linnet-ready
SOURCES := src tests $(wildcard benchmarks)

# One thread per test process: two processes share two cores without crowding, and
# sums are added up in the same order everywhere.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test check bench format clean

help:
	@echo "make run      analyze a bundled data set and reproduce the claims: reports/"
	@echo "make test     the tests (ARGS='-m slow' for the long ones)"
	@echo "make check    lint, format, types, import contracts, spelling"
	@echo "make bench    the benchmarks (ARGS=--full for all)"
	@echo "make format   put the code into the common format"
	@echo "make clean    remove the environment, caches and reports"

install: $(READY)

# The stamp is touched last, so an installation that failed is tried again.
$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "linnet needs Python 3.11 or newer," \
	  "but there is no '$(PYTHON)': call make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "linnet needs \
	Python 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0] + ": call make \
	PYTHON=/path/to/python3.11")'
	@echo "Setting up $(VENV) (about a minute)"
	@"$(PYTHON)" -m venv "$(VENV)"
	@"$(BIN)/python" -m pip install -q --disable-pip-version-check \
	  -c constraints.txt -e '.[$(EXTRAS)]'
	@touch "$@"

run: $(READY)
	$(BIN)/linnet analyze digits --out reports/digits
	$(BIN)/linnet reproduce --quick --out reports/reproduce

test: $(READY)
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(READY)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

format: $(READY)
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

clean:
	test ! -f "$(VENV)/pyvenv.cfg" || rm -rf "$(VENV)"
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache reports
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
