# Every target is one step that can be run by hand; CI runs `.ci/run`.
# Debian builds its Python with profile-guided optimisation: the server needs up to twice
# the time in one that was built without, as those of version managers often are.
SYSTEM_PYTHON := /usr/bin/python3
PYTHON ?= $(shell $(SYSTEM_PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $(SYSTEM_PYTHON) || echo python3)
PEER ?= Orthanc
BIN := .venv/bin
# All that start servers, but for what expects another log level than that of traces.
SCANNED := tests/interop tests/protocol tests/golden tests/contract tests/crash \
	--deselect tests/golden/test_tools.py::test_tools_answer_as_those_of_orthanc \
	--deselect tests/interop/test_rest_tools.py::test_log_levels_change_at_once
LOCK := $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

.PHONY: help setup run fmt lint check test unit interop scan parity golden long kills churn bench docs standard lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 12

.venv/.run: requirements/build.lock requirements/run.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q -r requirements/build.lock -r requirements/run.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: .venv/.run requirements/dev.lock
	$(BIN)/pip install -q -r requirements/dev.lock
	touch $@

setup: .venv/.dev ## install the server and the tools of development into .venv

run: .venv/.run ## install into .venv and start the server with its defaults
	$(BIN)/obelisk serve

fmt: .venv/.dev ## format the code
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

lint: .venv/.dev ## check style, types, imports and docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate -q src tests

test: .venv/.dev ## run all tests except the long runs, always in the same order
	$(BIN)/python -m pytest -m "not long" --randomly-seed=1

check: lint test ## do all that CI does

unit: .venv/.dev ## run the fast tests only
	$(BIN)/python -m pytest tests/unit tests/docs

interop: .venv/.dev ## run the tests against dcmtk, pynetdicom, pyorthanc and curl
	$(BIN)/python -m pytest tests/interop

long: .venv/.dev ## run the full counts: kill loops, fuzzing (half an hour and more)
	$(BIN)/python -m pytest -m long --timeout 0
	$(BIN)/python tests/property/fuzz_parsing.py --seconds 600
	$(BIN)/python tests/property/fuzz_pdu.py --seconds 600

kills: .venv/.dev ## kill the server 50 times while jobs of all types run (ten minutes)
	$(BIN)/python -m pytest -m long --timeout 0 tests/crash/test_jobs.py

churn: .venv/.dev ## let 16 clients change the same studies for two minutes, and recount
	$(BIN)/python -m pytest -m long tests/churn

scan: .venv/.dev ## run the suite at trace level, and look for patient data in what servers say
	rm -rf .scan
	OBELISK_SCAN=$(CURDIR)/.scan $(BIN)/python -m pytest -m "not long" $(SCANNED)
	$(BIN)/python tests/scanning.py .scan

golden: .venv/.dev ## record the answers of Orthanc again (PEER=its command)
	$(BIN)/python tests/golden/recording.py --peer "$(PEER)"

parity: .venv/.dev ## compare with a running Orthanc, call by call (PEER=its command)
	$(BIN)/python tests/parity/compare.py --left "$(PEER)" --right "$(BIN)/obelisk"

bench: .venv/.dev ## measure beside Orthanc, in about an hour (PEER=its command)
	$(BIN)/python benchmarks/load/ingest_rest.py --peer "$(PEER)"
	$(BIN)/python benchmarks/load/ingest_cstore.py --peer "$(PEER)"
	$(BIN)/python benchmarks/load/reads.py --peer "$(PEER)"
	$(BIN)/python benchmarks/load/jobs.py --peer "$(PEER)"
	$(BIN)/python benchmarks/load/memory.py --peer "$(PEER)"
	$(BIN)/python benchmarks/load/creation.py --peer "$(PEER)"

docs: .venv/.dev ## write the generated pages of docs/reference
	$(BIN)/python docs/generate.py

standard: .venv/.dev ## write the data dictionary of the server from pydicom's
	$(BIN)/python tools/standard.py

lock: .venv/.dev ## renew requirements/*.lock from pyproject.toml
	$(LOCK) --group build -o requirements/build.lock
	$(LOCK) pyproject.toml -o requirements/run.lock
	$(LOCK) pyproject.toml --group dev -c requirements/run.lock -o requirements/dev.lock

clean: ## remove .venv and the caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
