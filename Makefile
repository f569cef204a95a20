# Two commands do everything:  make run   make test
# The rest is for people who work on Huiyin: make check (fast inner loop), make bench, make clean.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UI := crates/web/ui
LISTEN ?= 127.0.0.1:8080
DATA ?= var
DOORS ?= deploy/doors.demo.yaml

.PHONY: help run build console test lint check bench clean prerequisites

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

prerequisites:
	@deploy/prerequisites.sh build

console: $(UI)/dist/index.html ## the console (Vue) alone

$(UI)/dist/index.html: $(UI)/package-lock.json $(shell find $(UI)/src $(UI)/index.html -type f 2>/dev/null)
	cd $(UI) && npm ci --no-audit --no-fund --loglevel=error && npm run build --silent

build: prerequisites console ## console and binary as they are deployed, optimised
	cargo build --release --locked --bin huiyin

run: prerequisites console ## build everything and start on http://$(LISTEN): the Qijiang directory, a demonstration clock, simulated stations
	cargo build --locked --bin huiyin
	target/debug/huiyin serve --listen $(LISTEN) --data $(DATA) --demo-clock --doors $(DOORS) --demo-stations

# CI runs it with HUIYIN_THOROUGH=1: larger samples, and processes killed more often and for longer.
test: ## install what the tests need, run all tests, leave nothing running
	@deploy/prerequisites.sh test
	tests/run

lint: prerequisites ## format and lints of the Rust code
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

check: lint ## the fast inner loop: format, lints, types, unit tests of the pure crates
	cargo test --locked -q -p huiyin-calendar -p huiyin-chart -p huiyin-check -p huiyin-directory --lib
	cd $(UI) && { [ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error; } && npm run check --silent

bench: prerequisites ## measured figures, each beside the raw limit of the same run
	tests/bench

clean: ## remove everything that was built
	cargo clean
	rm -rf $(UI)/dist $(UI)/node_modules tests/browser/node_modules tests/xstate/node_modules
