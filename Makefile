# The whole developer's interface. State of the product lies in .rottie (ROTTIE_HOME), which nothing here removes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# A changed lock installs again; an unchanged one is recognised by its sum and costs nothing.
LOCK_SUM := $(shell cat requirements.lock pyproject.toml | cksum | tr ' ' '-')
DEV_SUM := $(shell cat requirements-dev.lock pyproject.toml | cksum | tr ' ' '-')
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help run test check bench clean lock install dev llama-cpp native

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Everything, here, on loopback: stack, first training, serving. Ctrl-C stops it all
	@$(BIN)/rottie up --foreground --train $(ARGS)

test: dev ## The whole suite; ARGS="-m 'not cluster and not slow'" for the part without servers
ifeq ($(strip $(ARGS)),)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not cluster" -n auto --maxprocesses=4 --dist loadfile
	$(BIN)/python -m pytest -m cluster
else
	$(BIN)/python -m pytest $(ARGS)
endif

check: dev ## Format, lint, types, import contracts, lock freshness
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m rottie.lock --check

bench: dev ## Every benchmark; results as JSON under bench-results/
	@set -e; for file in $$(grep -l __main__ tests/bench/*.py); do \
		name=$$(basename $$file .py); echo "== $$name"; $(BIN)/python -m tests.bench.$$name; done

lock: dev ## Write the locks again after a change of dependencies in pyproject.toml
	$(BIN)/python -m rottie.lock

# llama.cpp's own programs, which nothing here uses, stay out.
llama-cpp: dev ## Compile the second engine and the K-quantiser (some minutes, a C++ compiler); `make test` then covers them
	CMAKE_ARGS="-DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_TESTS=OFF" \
		$(PIP) install -c requirements-dev.lock $$($(BIN)/python -c "import tomllib; \
		print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['llama-cpp'])")

# The wheel of the first engine stops at AVX2. What is left out is not used here, and would be downloaded.
native: dev ## Compile the first engine for this processor (half an hour of one core; cmake, a C++ compiler)
	CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAMA_LLGUIDANCE=OFF -DLLAMA_BUILD_BORINGSSL=OFF -DLLAMA_BUILD_UI=OFF" \
		$(PIP) install --force-reinstall --no-deps --no-binary xllamacpp -c requirements-dev.lock xllamacpp

install: $(VENV)/.installed-$(LOCK_SUM)
dev: $(VENV)/.dev-$(DEV_SUM)

# Wheels only: a package that would need a compiler fails here at once, with its name.
$(VENV)/.installed-$(LOCK_SUM): | $(BIN)/python
	@rm -f $(VENV)/.installed-*
	$(PIP) install --only-binary=:all: --progress-bar=on -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev-$(DEV_SUM): | $(BIN)/python
	@rm -f $(VENV)/.dev-*
	$(PIP) install --only-binary=:all: --progress-bar=on -r requirements-dev.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < (3, 13) and f"Python 3.11 or 3.12 is needed, this is {v[0]}.{v[1]}: make run PYTHON=/path/to/python3.12")'
	$(PYTHON) -m venv $(VENV)

clean: ## Remove the virtual environment and caches; .rottie stays
	@if [ -x $(BIN)/rottie ]; then $(BIN)/rottie down; fi
	rm -rf $(VENV) build bench-results .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
