# Every target sets up what it needs: a fresh machine wants only Python 3.11, pip and make.

VENV ?= .venv
BIN := $(VENV)/bin
# Python 3.11 is what the lock file is made for; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Workers for the tests. Each imports the frameworks it tests, so more than a few do not pay.
JOBS ?= 2
PYTEST_ARGS ?=

REQUIREMENTS := requirements/test.txt
INSTALLED := $(VENV)/.requirements-installed
READY := $(VENV)/.eingrad-installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help venv test demo course bench bench-gpu lint mutation clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo      run examples/newton_logistic.py'
	@echo 'make test      run the whole test suite, doctests included'
	@echo 'make course    run the notebooks of docs/course and store what they show'
	@echo 'make lint      ruff, mypy and the layer contracts'
	@echo 'make bench     run the benchmarks'
	@echo 'make bench-gpu run those that need a GPU, or say that there is none'
	@echo 'make mutation  break rules on purpose; a test must notice each'
	@echo 'make venv      only set up $(VENV) (the other targets do it themselves)'
	@echo 'make clean     remove $(VENV), caches and build outputs'

venv: $(READY)

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'eingrad needs Python 3.11 or newer: make PYTHON=/path/to/it' >&2; exit 1; }
	@# A Python without ensurepip (Debian packages it apart) makes a bare venv; pip fills it from outside.
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(BIN)/python install pip; }

# PyTorch first and by its exact version: other requests may bring gigabytes of CUDA packages.
$(INSTALLED): $(REQUIREMENTS) | $(BIN)/python
	$(BIN)/python -m pip install "$$(grep '^torch==' $(REQUIREMENTS))"
	$(BIN)/python -m pip install -r $(REQUIREMENTS)
	@touch $@

$(READY): $(INSTALLED) pyproject.toml
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@

# One BLAS thread a worker: the arrays are small, and two pools on two cores fight.
test: export OMP_NUM_THREADS ?= 1
test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

demo: $(READY)
	$(BIN)/python examples/newton_logistic.py

course: $(READY)
	$(BIN)/python -m tests.course

bench: $(READY)
	$(BIN)/python -m benchmarks --native

bench-gpu: $(READY)
	$(BIN)/python -m benchmarks --native gpu

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

mutation: $(READY)
	$(BIN)/python -m tests.mutation

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests examples benchmarks -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
