# Everything sets itself up: a fresh machine needs Python 3.11 or later and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
OUT ?= demo-output
# Processes that share the tests. Each brings its own PostgreSQL.
JOBS ?= 2

.PHONY: demo serve test test-fleet test-images check format clean help bench-range-test bench-coverage bench-engine bench-search bench-store bench-scale bench-api bench-pages screenshots bench-exports chaos

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lrtune needs Python 3.11 or later: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (about a minute; torch is large)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[plot,server,worker,adapters,dev]'
	@touch $@

demo: $(STAMP) ## Measure the digits example end to end: server, worker, job, answer, pictures
	@$(BIN)/lrtune demo --out $(OUT)

serve: $(STAMP) ## The server with one local worker
	@$(BIN)/lrtune serve

test: $(STAMP) ## All tests but those that need a GPU
	@$(BIN)/python -m pytest -n $(JOBS)

$(VENV)/ray: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ray]'
	@touch $@

test-fleet: $(VENV)/ray ## The fleet on a Ray cluster of three nodes, one of which dies
	@$(BIN)/python -m pytest -o addopts=-q tests/fleet

FAULTS ?= 100
SEED ?= 1

chaos: $(STAMP) ## Faults on purpose, FAULTS=100 on each database, SEED=1; writes docs/reliability.md
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.chaos --faults $(FAULTS) --seed $(SEED)

test-images: $(STAMP) ## The Dockerfile's steps without Docker: as another user, read-only, served, asked for its health
	@$(BIN)/python -m tests.images

check: $(STAMP) ## What CI runs: format, lint, strict types, import contracts, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -n $(JOBS)

format: $(STAMP) ## Format, and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

PEERS := .venv-peers
EXPORTS := .venv-exports

$(PEERS)/installed: benchmarks/range_test/constraints.txt
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@$(PEERS)/bin/python -m pip uninstall --quiet --yes torchvision
	@touch $@

$(EXPORTS)/installed: benchmarks/exports/requirements.txt pyproject.toml
	@$(PYTHON) -m venv $(EXPORTS)
	@$(EXPORTS)/bin/python -m pip install --quiet --disable-pip-version-check -r $< -e .
	@touch $@

bench-range-test: $(STAMP) $(PEERS)/installed ## LR finders of the peers' real packages against lrtune's (hours)
	@$(BIN)/python -m benchmarks.range_test --peers-python $(PEERS)/bin/python

bench-coverage: $(STAMP) ## Do the 95 % intervals hold the truth in 95 % of jobs?
	@$(BIN)/python -m benchmarks.coverage

bench-engine: $(STAMP) ## The engine against the plain loop, torch.compile, processes and Optuna's n_jobs
	@$(BIN)/python -m benchmarks.engine

bench-search: $(STAMP) ## Samplers on recorded trainings; LRTUNE_BENCH_DATA names their folder
	@$(BIN)/python -m benchmarks.search

$(VENV)/grpc: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt grpcio
	@touch $@

bench-store: $(VENV)/grpc ## Claims and writes against PostgreSQL's limit and Optuna's storages
	@$(BIN)/python -m benchmarks.store

bench-scale: $(STAMP) ## A fleet of 1,000 simulated workers on PostgreSQL
	@$(BIN)/python -m benchmarks.scale

bench-pages: $(STAMP) ## A job's page with up to 10,000 trials in a real browser (needs Chromium)
	@$(BIN)/python -m benchmarks.pages

screenshots: $(STAMP) ## Pictures of the pages for the docs, from a real job (needs Chromium)
	@$(BIN)/python -m benchmarks.pages.pictures

bench-api: $(STAMP) ## Requests/s and p99 of the HTTP API, empty and with 100,000 jobs
	@$(BIN)/python -m benchmarks.api

bench-exports: $(EXPORTS)/installed ## Lightning and Transformers code, run with the real packages
	@$(EXPORTS)/bin/python -m benchmarks.exports

clean: ## Remove what was built
	rm -rf $(VENV) $(PEERS) $(EXPORTS) demo-output build *.egg-info
