# What a contributor types. Everything runs in .venv, which `make setup` builds from uv.lock.
PYTHON ?= python3
BIN := .venv/bin
# A file's tests stay together and folders keep their order, so that what a folder starts is started for few.
SIDE_BY_SIDE := --numprocesses $${TEST_PROCESSES:-2} --dist loadfile --no-loadscope-reorder
SOURCES := src tests benchmarks .ci/docs-check.py .ci/demo.py

.DEFAULT_GOAL := help
.PHONY: help setup browser containers databases other-python ui demo test acceptance chaos test-deploy test-pods node fuzz corpus fast lint format bench bench-engine bench-compile bench-deploy bench-waiting bench-launches bench-postgresql bench-airflow proto diagnostics docs-check clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.ready  ## build .venv from uv.lock (fetches uv when it is missing)

.venv/.ready: uv.lock pyproject.toml .ci/setup
	@PYTHON=$(PYTHON) .ci/setup
	@touch $@

browser: setup  ## make sure that the browser test has a Chromium
	@.ci/chromium

containers:  ## make sure that the tests of images have a registry and container runtimes (Debian, as root)
	@.ci/containers

databases:  ## make sure that the tests of stores have PostgreSQL, PgBouncer and Redis (Debian, as root)
	@.ci/databases

other-python: setup  ## make sure that one test has a second version of Python (Debian's, as root)
	@.ci/other-python

ui: setup  ## fetch and verify Airflow's UI into .cache/ui (shared by the tests and the benchmarks)
	@LEOFLOW_HOME=$(CURDIR)/.cache/ui $(BIN)/leoflow setup

demo: setup  ## Lite with an example, compiled, run and green, in one command
	@$(BIN)/python .ci/demo.py

test: setup browser ui containers databases other-python  ## every test that needs no cluster and no outside service
	$(BIN)/pytest $(SIDE_BY_SIDE) --durations=25 --durations-min=2 -m "not alone and not kubernetes"
	$(BIN)/pytest --durations=25 --durations-min=2 -m alone

fast: setup  ## the tests without processes, browser and wheel
	$(BIN)/pytest -m "not acceptance and not chaos"

acceptance: setup browser ui  ## the product from outside: processes, a browser, a built wheel
	$(BIN)/pytest -m acceptance --durations=15 tests/acceptance

test-deploy: setup containers  ## images and deployments with a real registry, container runtimes, and the cluster that is up
	CHAOS_ROUNDS=$${CHAOS_ROUNDS:-30} $(BIN)/pytest --timeout 900 --durations=10 --durations-min=1 tests/oci tests/image tests/deploy tests/registry tests/executors tests/kubernetes

test-pods: setup containers  ## tasks in pods: the cluster of KUBECONFIG, or a node that is brought up for it
	@.ci/node $(BIN)/pytest -rs --durations=5 --durations-min=1 tests/kubernetes

node:  ## a one-node cluster for `make test-deploy` (Debian, as root; the first time builds it, some minutes)
	@tests/kubernetes/node/up.sh

chaos: setup databases  ## kill -9 and late messages, random histories: many seeds (CHAOS_ROUNDS)
	CHAOS_ROUNDS=$${CHAOS_ROUNDS:-10} $(BIN)/pytest -m chaos --timeout 900 tests/chaos tests/engine tests/ha

fuzz: setup  ## generated and mutated DAG files against the façade, many examples (FUZZ_EXAMPLES)
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-2000} $(BIN)/pytest -m fuzz --timeout 3600 tests/fuzz

corpus: setup  ## real DAG files against what Airflow built from them (CORPUS=dir ORACLE=file for others)
	$(BIN)/python -m tests.corpus $(if $(CORPUS),--corpus $(CORPUS)) $(if $(ORACLE),--oracle $(ORACLE)) $(FILES)
	$(if $(CORPUS),,$(BIN)/python -m tests.corpus.facade)

lint: setup  ## ruff, mypy strict, import-linter, generated code and documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	.ci/generate-proto --check
	@$(MAKE) --no-print-directory docs-check

format: setup  ## let ruff put the files in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format $(SOURCES)

docs-check: setup  ## links and file names in the documents are true
	$(BIN)/python .ci/docs-check.py

bench: setup  ## measure; writes benchmarks/results/latest.json
	$(BIN)/python -m benchmarks.run

bench-engine: setup  ## the engine alone: completions/s, edges, idling (LEOFLOW_BENCH_DATABASE_URL for another PostgreSQL)
	$(BIN)/python -m benchmarks.engine.run

bench-compile: setup  ## what compiling costs, against Airflow's DagBag on the same files
	$(BIN)/python -m benchmarks.compile

bench-deploy: setup containers  ## from the command to a registered version
	$(BIN)/python -m benchmarks.deploy

bench-waiting: setup  ## 100,000 sensors in one control plane: memory, and how late they fire
	$(BIN)/python -m benchmarks.waiting

bench-launches: setup  ## what one task that does nothing costs its zygote and its own process
	$(BIN)/python -m benchmarks.launches

bench-postgresql: setup databases  ## the same work on SQLite and on PostgreSQL, in turn
	$(BIN)/python -m benchmarks.postgresql

bench-airflow: setup  ## the same work on Airflow 3.2.2 and on Leoflow, in turn
	$(BIN)/python -m benchmarks.airflow

proto: setup  ## generate src/leoflow_runtime/wire from schemas/agent.proto
	.ci/generate-proto

diagnostics: setup  ## generate docs/diagnostics from the compiler's catalogue of codes
	$(BIN)/python -m leoflow_compiler.diagnostics.reference docs/diagnostics

clean:  ## remove what the targets above leave behind, except .venv
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis benchmarks/results
