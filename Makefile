# Everything sets itself up: a fresh machine needs Python 3.11 or later and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
OUT ?= demo-output

.PHONY: demo serve test check format clean help

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lrtune needs Python 3.11 or later: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (about a minute; torch is large)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[plot,server,worker,dev]'
	@touch $@

demo: $(STAMP) ## Measure the digits example end to end: server, worker, job, answer, pictures
	@$(BIN)/lrtune demo --out $(OUT)

serve: $(STAMP) ## The server with one local worker
	@$(BIN)/lrtune serve

test: $(STAMP) ## All tests but those that need a GPU
	@$(BIN)/python -m pytest

check: $(STAMP) ## What CI runs: format, lint, strict types, import contracts, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest

format: $(STAMP) ## Format, and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove what was built
	rm -rf $(VENV) demo-output build *.egg-info
