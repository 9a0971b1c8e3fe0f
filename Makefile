# Needs Python 3.11 or newer, make, and a package index. Everything else lands in .venv, every package with its hash.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
TESTS  ?=
# More than two cores have: half of the time a test waits for a server, or for a lock that must not be given.
WORKERS ?= 3
DATABASE ?= postgresql
CARDS  ?= 1000000
ROUNDS ?= 1
COMMAND ?= all
NUMBER ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench reliability sql samples requirements clean

help:
	@echo "make demo          a sample billing database, and a whole night on it (into demo/)"
	@echo "make test          all tests, on SQLite, PostgreSQL and, where its server is installed, MariaDB"
	@echo "make check         ruff, mypy, the floors of the house"
	@echo "make bench         the purge held against SQL written by hand (DATABASE=, CARDS=, ROUNDS=)"
	@echo "make reliability   others interfere and everything dies, in mid-run (DATABASE=, COMMAND=, NUMBER=)"
	@echo "make sql           the generated files of sql/ anew, from a night on three real databases"
	@echo "make samples       the sample reports of docs/samples/ anew, from nights on a demonstration database"
	@echo "make requirements  the hashed exports anew, from pyproject.toml (needs uv)"
	@echo "make clean         what make made"

demo: $(VENV)/core.stamp
	rm -rf demo
	$(BIN)/carddata-retention demo --dir demo

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(TESTS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks purge --database $(DATABASE) --cards $(CARDS) --rounds $(ROUNDS) --json bench-$(DATABASE).json

reliability: $(VENV)/dev.stamp
	$(BIN)/python -m reliability $(COMMAND) --database $(DATABASE) $(if $(NUMBER),--number $(NUMBER)) --json reliability-$(DATABASE).json

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: requirements/core.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements/core.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/core.stamp
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

sql: $(VENV)/dev.stamp
	$(BIN)/python tests/write_sql.py

samples: $(VENV)/dev.stamp
	$(BIN)/python tests/write_samples.py

EXPORT := uv export --quiet --no-emit-project --no-header --format requirements-txt --no-default-groups
# Without `exports`: pandas stores text in another way where pyarrow is installed, and no night has any use for it.
requirements:
	$(EXPORT) --extra excel --extra pdf --group build > requirements/core.txt
	$(EXPORT) --all-extras --no-extra exports > requirements/production.txt
	$(EXPORT) --all-extras --no-extra exports --group dev > requirements/dev.txt

clean:
	rm -rf $(VENV) build dist demo bench-*.json reliability-*.json .mypy_cache .pytest_cache .ruff_cache .hypothesis
