# `make help` lists the targets. Needs GNU make, Python 3.11-3.13 with venv, Rust by rustup and a C compiler to link with.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
REQUIREMENTS := $(VENV)/.requirements-installed
KERNEL := $(VENV)/.kernel-built
RUST := kernel/Cargo.toml kernel/Cargo.lock $(shell find kernel/core kernel/python -name '*.rs' -o -name Cargo.toml)
MODULE := $(wildcard src/detente/_kernel*.so)

UV := uv==0.13.9
LOCK := build/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --only-binary :all: --custom-compile-command "make lock" --quiet

# Narrow the benches with these: make bench-psi SIZES="17 20" RUNS=1
SIZES ?=
RUNS ?=
KEEP ?=

.DELETE_ON_ERROR:
.PHONY: help check setup test lint typecheck format demo bench bench-people bench-psi bench-kernel soak lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 @/p' Makefile | awk -F@ '{ printf "%-20s%s\n", $$1, $$2 }'

check:  ## say what this machine lacks, a sentence each
	@PYTHON="$(PYTHON)" sh requirements/check.sh >/dev/null && echo "Python, Rust and a C compiler are here."
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
		echo "No Chromium: the console's browser tests are skipped. Debian: apt-get install chromium"

setup: $(KERNEL)  ## .venv, the locked requirements and the compiled kernel; quick when nothing changed
	@:

# A .venv of an unsuitable Python is made anew; a suitable one is kept, whoever made it.
$(REQUIREMENTS): requirements/dev.txt requirements/check.sh
	@python=$$(PYTHON="$(PYTHON)" sh requirements/check.sh) || exit 1; \
	if $(PY) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	then $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip; \
	else echo "making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV); fi
	$(PIP) install --quiet --only-binary :all: --no-binary cpe --require-hashes -r $<
	@touch $@

# The module itself counts too: after `git clean` or in a copied tree the stamp alone would lie.
$(KERNEL): $(REQUIREMENTS) $(RUST) pyproject.toml $(if $(MODULE),,no-module)
	@PYTHON="$(PYTHON)" sh requirements/check.sh >/dev/null
	@# Not `maturin develop`: it would install the dev group once more, without hashes.
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" MATURIN_PEP517_ARGS="--locked" \
		$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: no-module
no-module:

test: setup lint typecheck  ## every check and test; pytest's summary comes last
	cd kernel && cargo test --release --locked --quiet -p detente-kernel-core
	$(PY) -m pytest -q -n auto

lint: setup  ## ruff and the import contracts
	$(VENV)/bin/ruff check src tests bench
	$(VENV)/bin/lint-imports

typecheck: setup  ## mypy
	$(VENV)/bin/mypy src

format: setup  ## write the house format, Python and Rust
	$(VENV)/bin/ruff format src tests bench
	$(VENV)/bin/ruff check --fix --select I src tests bench
	cd kernel && cargo fmt

demo: setup  ## two nodes meet, match and swap; KEEP=1 leaves them running
	$(VENV)/bin/detente demo $(if $(KEEP),--keep)

bench: bench-kernel $(if $(wildcard bench/psi.py),bench-psi) bench-people  ## all benches, beside their peers

bench-people: setup  ## how well and how fast persons are found: invented lists, and those of DETENTE_DATA
	$(PY) -m detente.demo.population bench/out/population --size 2000 --shared 250 --seed 1
	$(PY) bench/people.py bench/out/population/a.ftm.json bench/out/population/b.ftm.json \
		--truth bench/out/population/truth.jsonl
	@if [ -n "$$DETENTE_DATA" ]; then $(PY) bench/people.py e1 e2; \
	else echo "The public lists are skipped: DETENTE_DATA names no folder with them."; fi

bench-psi: setup  ## the engines; SIZES="17 20" RUNS=1 narrows it
	$(PY) bench/psi.py $(if $(SIZES),--sizes "$(SIZES)") $(if $(RUNS),--runs $(RUNS))

bench-kernel: setup  ## evaluations a second, beside libsodium's
	$(PY) bench/kernel.py

soak: setup  ## the tests that throw dice, with fresh seeds each time; RUNS=200 for longer
	@for seed in $$(seq $(or $(RUNS),20)); do \
		echo "seed $$seed"; \
		DETENTE_SEED=$$seed $(PY) -m pytest -q -n auto --hypothesis-seed=$$seed tests || exit 1; \
	done

lock: requirements/check.sh  ## write requirements/*.txt anew from pyproject.toml
	python=$$(PYTHON="$(PYTHON)" sh requirements/check.sh) && "$$python" -m venv build/lock
	build/lock/bin/python -m pip install --disable-pip-version-check --quiet $(UV)
	$(LOCK) -o requirements/base.txt
	@# cpe (a test's validator needs it) is pure Python and is published as a source archive only.
	$(LOCK) --no-binary cpe --group dev --constraint requirements/base.txt -o requirements/dev.txt

clean:  ## remove what was built; the nodes' own data stays
	rm -rf $(VENV) build dist kernel/target bench/out src/detente/_kernel*.so
	rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
