# One entry each. `make demo` and `make test` work on a bare Debian 12 with python3 and make.
.DEFAULT_GOAL := help
VENV ?= .venv
PYTHON := $(VENV)/bin/python

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml constraints.txt packaging/make-venv.sh
	@sh packaging/make-venv.sh $(VENV)
	@touch $@

demo: $(VENV)/.installed  ## the newcomer's story in a simulated world, killed and restarted on the way
	@$(VENV)/bin/aurora demo --exit

test: $(VENV)/.installed  ## all tests
	@$(PYTHON) -m pytest

check: $(VENV)/.installed  ## format, lint, types, import contracts, sizes
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo 2>/dev/null || $(VENV)/bin/lint-imports
	@$(PYTHON) -m pytest -q tests/architecture

bench: $(VENV)/.installed  ## the benchmark tables
	@$(PYTHON) -m tests.bench

bench-store: $(VENV)/.installed  ## durable writes on each backend of the store, and how long one takes
	@$(PYTHON) -m tests.bench.store_backends

kills: $(VENV)/.installed  ## 200 random SIGKILLs over the story, and the same without a ledger, which must find duplicates
	@$(PYTHON) -m tests.crash.kills --kills 200
	@$(PYTHON) -m tests.crash.kills --kills 10 --forgetful

thousand: $(VENV)/.installed  ## a deploy in the middle of 1,000 hunts: SIGTERM, start, SIGTERM, measured
	@$(PYTHON) -m tests.crash.thousand --users 1000

recovery: $(VENV)/.installed  ## 10,000 hunts in every stage, SIGKILL, and how they come back
	@$(PYTHON) -m tests.crash.recovery --users 10000

outage: $(VENV)/.installed  ## a board that is down for three hundred hunts, and how they come back
	@$(PYTHON) -m tests.crash.outage --users 300

backlog: $(VENV)/.installed  ## 100,000 updates that waited at Telegram: order, loss, memory
	@$(PYTHON) -m tests.crash.backlog --updates 100000

faults: $(VENV)/.installed  ## the fault machines and their negative controls
	@$(PYTHON) -m tests.crash.faults --size faults --controls

faults-full: $(VENV)/.installed  ## every point of every fault machine, and the negative controls
	@$(PYTHON) -m tests.crash.faults --size full --controls

moving: $(VENV)/.installed  ## a store of 10,000 people copied to PostgreSQL and back, killed in the middle
	@$(PYTHON) -m tests.crash.moving --users 10000

rolling: $(VENV)/.installed  ## three daemons on one PostgreSQL, 3,000 hunts, ten rolling restarts and ten SIGKILLs
	@$(PYTHON) -m tests.crash.rolling --users 3000 --pause 300

storm: $(VENV)/.installed  ## three daemons while everything goes wrong at once; SEED=2 for other winds
	@$(PYTHON) -m tests.crash.storm --minutes 3 --seed $(or $(SEED),1)

.PHONY: storm recovery backlog outage moving help demo test check bench bench-store kills thousand faults faults-full rolling
