# Two commands matter: `make demo` and `make test`. Everything is kept in .venv and .cache; both are quick to
# make again, and are made again by themselves when a lock file changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WHOLE := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Compiled files are kept, whatever the surroundings say: the service is many processes, and each starts faster.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test soak programs check cover bench fuzz lock format clean

demo: $(VENV)/.runtime $(VENV)/.native ## the whole way on this machine; CHECK=1 walks it without a person
	@$(BIN)/takeback demo $(if $(CHECK),--check)

test: $(VENV)/.dev $(VENV)/.native | programs ## every promise, set-up included
	@$(WHOLE) -m "not soak" $(PYTEST)

soak: $(VENV)/.dev $(VENV)/.native | programs ## the long rest: every kill point, carrier and size of page, long properties
	@PICTURES=1 $(WHOLE) --hypothesis-profile=soak -m "soak or hypothesis" --timeout 1800 $(PYTEST)

programs: | $(VENV)/.dev
	@$(BIN)/python tools/chromium.py
	@$(BIN)/python tools/synapse.py
	@$(BIN)/python tools/oracles.py

check: $(VENV)/.dev $(VENV)/.native ## format, lint, types, import contracts, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyrefly check
	$(BIN)/lint-imports
	$(BIN)/python tools/check_js.py
	$(BIN)/python -m pytest -q -n auto tests/unit

cover: $(VENV)/.dev $(VENV)/.native ## every branch of the verifier is met by a test
	@$(BIN)/python -m pytest -q -n auto --cov=takeback_verify --cov-branch --cov-fail-under=100 \
		--cov-report=term-missing:skip-covered tests/unit/verify tests/integration/verify \
		--ignore=tests/integration/verify/test_page.py

bench: $(VENV)/.dev $(VENV)/.native ## the measured numbers as one table
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m takeback_dev.bench

fuzz: $(VENV)/.dev ## broken files for the decoder, SECONDS=600 of them
	@$(BIN)/python -m fuzz --seconds $(or $(SECONDS),600)

lock: $(VENV)/.dev ## renew the lock files from pyproject.toml
	$(BIN)/python tools/lock.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## away with what was made here
	rm -rf $(VENV) .cache node_modules src/takeback/_native.*.so

$(BIN)/python:
	@echo "Making $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Takeback needs Python 3.11 or later; name one with PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.build: $(BIN)/python lock/build.txt
	@echo "Installing what builds the native index into $(VENV) (once; seconds) ..."
	@$(PIP) install --quiet --require-hashes --no-deps --progress-bar off -r lock/build.txt
	@touch $@

$(VENV)/.runtime: $(VENV)/.build lock/runtime.txt pyproject.toml verify/pyproject.toml dev/pyproject.toml
	@echo "Installing Takeback's parts into $(VENV) (once; about a minute) ..."
	@$(PIP) install --require-hashes --no-deps --progress-bar off -r lock/runtime.txt | $(BIN)/python -u tools/progress.py
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable verify --editable . --editable dev
	@touch $@

$(VENV)/.dev: $(BIN)/python lock/dev.txt pyproject.toml verify/pyproject.toml dev/pyproject.toml
	@echo "Installing Takeback's parts and its tools into $(VENV) (once; about a minute) ..."
	@$(PIP) install --require-hashes --no-deps --progress-bar off -r lock/dev.txt | $(BIN)/python -u tools/progress.py
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable verify --editable . --editable dev
	@touch $(VENV)/.build $(VENV)/.runtime $@

# Without a compiler this says so and goes on: numpy answers instead, and the next `make` looks again.
$(VENV)/.native: CMakeLists.txt tools/native.py lock/build.txt $(wildcard native/*) | $(VENV)/.runtime $(VENV)/.build
	@$(BIN)/python tools/native.py
	@ls src/takeback/_native.*.so >/dev/null 2>&1 && touch $@ || true
