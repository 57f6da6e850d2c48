# Everything starts from a fresh clone: each target first sets up what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test check bench prove setup clean

setup: $(READY)

$(READY): pyproject.toml plugins/pyproject.toml constraints.txt $(wildcard ifd/*.c ifd/*.h)
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $(READY)

demo: $(READY)
	@$(BIN)/ips-pos demo build/demo

test: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/mypy plugins/pytest_intermarket.py
	@$(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python -m tests.bench

prove: $(READY)
	@$(BIN)/python -m tests.prove $(ARGS)

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
