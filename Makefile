# `make` alone lists the targets. Everything generated lies under build/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

VENV := build/venv
OLDEST := build/venv-oldest
RUN := $(VENV)/bin/python
# an environment is made again when its pins change
VENV_STAMP = $(VENV)/.made-$(shell cksum < tests/requirements.txt | cut -d' ' -f1)
OLDEST_STAMP = $(OLDEST)/.made-$(shell cksum < tests/requirements-oldest.txt | cut -d' ' -f1)
# where pocket clouds run: of cloud-up, of the tests, of the playbook tests, of the demo and of the bench
CLOUD_RUNS := build/cloud/run build/cloud/run-of-tests build/cloud/run-of-playbooks build/demo/cloud build/bench/cloud build/cloud/run-of-matrix
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

export HANDOVER

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ready ## lose site A, fail over to site B and back, on two real OpenStack sites on this machine
	@$(RUN) tools/in_environment.py demo/run

.PHONY: test
test: ready $(OLDEST_STAMP) ## what every change must pass, with the pocket cloud
	@$(RUN) tools/test.py $(PHASES)

.PHONY: lint
lint: ready ## everything that judges the sources
	@$(RUN) tools/lint.py

.PHONY: soak
soak: ready ## what takes too long for each change: kills, faults, each way x each state, mutants, the filter, filter-matrix, tempest
	@$(RUN) tools/test.py soak

.PHONY: mutants
mutants: ready ## change the decisions and the engine at random places: how many changes do the unit tests find?
	@$(RUN) tools/in_environment.py python tools/mutants.py $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT))

.PHONY: filter-matrix
filter-matrix: ready ## the guarded API on every supported Nova, on MariaDB, with two cells and two nova-api
	@$(RUN) tools/filter_matrix.py $(RELEASES)

.PHONY: tempest
tempest: ready ## OpenStack's own test suite against a stock and a guarded site
	@$(RUN) tools/test.py tempest

.PHONY: bench
bench: ready ## speed against other ways of doing the same job (36 min, on a quiet machine); writes docs/performance.md
	@$(RUN) tools/openstack_cloud.py
	@$(RUN) tools/in_environment.py bench/run --write

.PHONY: cloud-up
cloud-up: ready ## start the pocket cloud (sites a and b) and leave it running
	@$(RUN) tools/in_environment.py tests/cloud/pocket-cloud up

.PHONY: cloud-down
cloud-down: ## stop the pocket cloud
	@if [ -d build/cloud ]; then $(RUN) tools/in_environment.py tests/cloud/pocket-cloud down; fi

.PHONY: clean
clean: ## stop every pocket cloud of this clone and remove everything generated
	@for run in $(CLOUD_RUNS); do \
		if [ -d "$$run" ]; then \
			POCKET_CLOUD_RUN="$$PWD/$$run" $(RUN) tools/in_environment.py tests/cloud/pocket-cloud down --purge; \
		fi; \
	done
	@rm -rf build collections .ansible .cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: pins
pins: $(VENV_STAMP) ## write every list of pinned packages anew, with hashes
	@$(RUN) tools/pins.py

# what every target needs: the tools, and the place where Ansible finds this collection
.PHONY: ready
ready: $(VENV_STAMP)
	@$(RUN) tools/trees.py live > /dev/null

$(VENV_STAMP):
	@python=$$(tools/needs.sh) && "$$python" -m venv --clear $(VENV)
	@echo "installing the tools into $(VENV) (about 30 s, once)"
	@$(call quietly,$(RUN) $(PIP_INSTALL) -r tests/requirements.txt)
	@touch $@

$(OLDEST_STAMP):
	@python=$$(tools/needs.sh) && "$$python" -m venv --clear $(OLDEST)
	@echo "installing the oldest supported versions into $(OLDEST) (about 15 s, once)"
	@$(call quietly,$(OLDEST)/bin/python $(PIP_INSTALL) --no-deps -r tests/requirements-oldest.txt)
	@touch $@

# what pip says is of interest only when it fails
quietly = if ! $(1) > build/install.log 2>&1; then cat build/install.log >&2; exit 1; fi
