SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-bench run build test autobahn lint format dashboards pictures clean

# One binary for `make run`, the end-to-end tests and deploy/: static Swift runtime, the system's C libraries.
RELEASE := -c release --static-swift-stdlib
PYTHON := .build/venv/bin/python
SWIFT_FOLDERS := $(wildcard Sources Tests Benchmarks) Package.swift
FILTER ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what building and testing need (safe to run again)
	@Scripts/setup build test

setup-bench: ## The same, and what the benchmarks compare with
	@Scripts/setup build test bench

build: ## Build the relay in release mode
	@Scripts/setup build
	swift build $(RELEASE) --product moltrelay

run: build ## Build and start a relay on loopback; its state is in .build/run
	@mkdir -p -m 700 .build/run
	@STATE_DIRECTORY="$(CURDIR)/.build/run" exec .build/release/moltrelay serve --log-format text

test: setup ## Run every test; FILTER=Name runs the Swift tests of that name
	@echo 'Python: lint scripts, agent'
	@$(PYTHON) -m unittest discover -q -s Scripts/lint/tests -t .
	@$(PYTHON) -m unittest discover -q -s Tests/PythonAgent/tests -t Tests/PythonAgent
	swift build $(RELEASE) --product moltrelay
	swift build $(RELEASE) --product allocation-count
	@echo 'Python: deployment files, budgets'
	@$(PYTHON) -m unittest discover -q -s Tests/Deploy
	@$(PYTHON) -m unittest discover -q -s Tests/Budgets
	@echo 'Python: dashboards, alerts, fluentd and the compose file, with a real relay, Prometheus and Alertmanager'
	@RELAY_BINARY="$(CURDIR)/.build/release/moltrelay" $(PYTHON) -m unittest discover -q -s Tests/Observability -t .
	@echo 'Python: the page at /ui, in a browser'
	@RELAY_BINARY="$(CURDIR)/.build/release/moltrelay" $(PYTHON) -m unittest discover -q -s Tests/Page -t .
	RELAY_BINARY="$(CURDIR)/.build/release/moltrelay" AGENT_PYTHON="$(CURDIR)/$(PYTHON)" \
		swift test $(if $(FILTER),--filter '$(FILTER)') 2>&1 | tee .build/test.log
	@grep -aE 'Test run with [0-9]+ tests?' .build/test.log | tail -n 1

autobahn: ## Hold the WebSocket codec and the relay to the Autobahn test suite; needs a Python 2.7
	@Scripts/setup build test autobahn
	swift build --product autobahn-echo
	swift build --product moltrelay
	@$(PYTHON) Tests/Autobahn/run.py --echo .build/debug/autobahn-echo --page docs/conformance.md
	@$(PYTHON) Tests/Autobahn/run.py --relay .build/debug/moltrelay --page docs/conformance.md

lint: setup ## Check format, imports, names, sizes, shell scripts and the Dockerfile
	swift-format lint --strict --parallel --recursive $(SWIFT_FOLDERS)
	@python3 -m Scripts.lint
	shellcheck -x deploy/backup/moltrelay-backup deploy/backup/moltrelay-restore deploy/backup/stores/*.sh
	shellcheck Scripts/setup .ci/run Tests/Fuzz/run Tests/Sanitizers/run
	$(dir $(PYTHON))hadolint deploy/docker/Dockerfile fluentd/Dockerfile

format: ## Rewrite the Swift sources in the house format
	swift-format format --in-place --parallel --recursive $(SWIFT_FOLDERS)

dashboards: setup ## Write dashboards/*.json from Scripts/dashboards
	@$(PYTHON) -m Scripts.dashboards

pictures: build ## Take the pictures of docs/observability.md anew
	@Scripts/setup build test
	@$(PYTHON) -m Scripts.pictures

clean: ## Remove everything built, the test environment and the state of `make run`
	rm -rf .build .build-fuzz .build-tsan .build-asan

include Benchmarks/bench.mk Tests/Fuzz/fuzz.mk Tests/Sanitizers/sanitize.mk
