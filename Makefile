# One command each; everything is installed into .venv, once, and again when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
.DEFAULT_GOAL := help
.PHONY: help demo test check docs peers bench compare fuzz soak picture mutate

help: ## list what `make` can do
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile

demo: $(READY) ## a registry behind a firewall, and boxship reaching it
	$(BIN)/boxship demo

test: $(READY) ## run the tests; ARGS='-k race' reaches pytest
	@# The programs that tests run start as users' do, also where nothing may leave compiled files behind; neither do four
	@# processes compile the tests each time: that is half of what it takes to collect them.
	@$(BIN)/python -m compileall -q src
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses=4 --dist=loadfile $(ARGS)

check: $(READY) ## format, lint and types, as CI checks them
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	for system in darwin win32; do $(BIN)/mypy --platform $$system src || exit 1; done

docs: $(READY) ## the site, in build/docs
	$(BIN)/sphinx-build -E -q -W --keep-going docs build/docs
	$(BIN)/python docs/_site/links.py build/docs

peers: $(READY) ## install the programs that tests compare with (Debian, root or sudo)
	@tests/peers/install

bench: $(READY) ## measure
	PYTHONPATH=. $(BIN)/python benchmarks/run.py $(ARGS)

compare: $(READY) ## boxship, skopeo and crane in networks that are in the way (root)
	PYTHONPATH=. $(BIN)/python benchmarks/peers.py $(ARGS)

fuzz: $(READY) ## give every parser bytes that it never saw (Linux, an hour)
	$(BIN)/pip install --quiet --disable-pip-version-check 'atheris>=3.0'
	PYTHONPATH=benchmarks $(BIN)/python -m fuzz $(ARGS)

mutate: $(READY) ## small wrong changes of connect, auth and reference, and what the tests say (an hour)
	$(BIN)/python -m tests.mutation $(ARGS)

soak: $(READY) ## traffic with faults against registry and client (Linux, an hour)
	PYTHONPATH=benchmarks $(BIN)/python -m soak $(ARGS)

picture: $(READY) ## take the pictures of the docs again (root, Chromium)
	$(BIN)/python -m tests.web.picture docs/images/doctor.png
	$(BIN)/python -m tests.web.pictures docs/images

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'boxship needs Python 3.11 or later: make PYTHON=python3.X' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'python3 cannot make a venv yet: sudo apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[server,dev,docs]'
	@touch $@
