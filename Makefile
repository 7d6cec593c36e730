# All that is done with a checkout. `make` alone lists it.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help run check test soak household lint docs bench dist deb image release install uninstall clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

run: .venv/.built ## the daemon with your config.toml; without one, a demonstration that needs no service
	@for config in "$${QBITRR_OVERRIDES_DATA_PATH:-.config}/config.toml" config.toml; do \
		if [ -e "$$config" ]; then exec .venv/bin/python -P -m qbitrr run; fi; \
	done; \
	exec .venv/bin/python -P -m qbitrr demo

check: lint ## style, types and unit tests: less than a minute, and nothing but the checkout is needed
	.venv-dev/bin/pytest -q -n auto --maxprocesses 4 tests/unit

test: .venv-dev/.built ## the whole test suite, on real qBittorrent and systemd, which are fetched once; as root
	@.ci/test-material
	@.venv-dev/bin/python -m tests.support.passes

lint: .venv-dev/.built ## style, format, types, and who may import whom
	.venv-dev/bin/ruff check --no-cache .
	.venv-dev/bin/ruff format --no-cache --check .
	.venv-dev/bin/mypy
	MYPYPATH=packaging .venv-dev/bin/mypy -p tests.support -p release
	.venv-dev/bin/lint-imports

soak: .venv-dev/.built ## ninety days in leaps, with faults, clocks, toggles, signals, kills and fifty restarts: half an hour
	SOAK_DAYS=$${SOAK_DAYS:-90} .venv-dev/bin/pytest -q -s tests/process/test_soak.py

household: .venv-dev/.built ## thirty days of a household that runs by itself, for docs/household.md: a quarter of an hour
	HOUSEHOLD_DAYS=30 .venv-dev/bin/pytest -q -s tests/process/test_household.py

docs: .venv-dev/.built ## renew what is made from the code: the example configuration, docs/{commands,environment,keys,keys-of-qbitrr,performance,routes,rules,state-machines}.md
	.venv-dev/bin/python -m tests.support.generated

install: ## as root: into /opt/qbitrr, with the units for systemd and qbitrr on the PATH
	@DESTDIR="$(DESTDIR)" PYTHON="$(PYTHON)" systemd/install

uninstall: ## as root: remove what install has put there; configuration and state stay
	@DESTDIR="$(DESTDIR)" systemd/uninstall

dist: .venv-dev/.built ## wheel and source distribution in dist
	@rm -rf dist
	@.venv-dev/bin/python -P -m build --no-isolation . >/dev/null
	@ls dist/*

deb: .venv-dev/.built ## packages for Debian 12 and 13 in dist; SUITE=bookworm or trixie makes one
	@command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null || .ci/debian-packages debhelper dpkg-dev
	@packaging/debian/build $(SUITE)

image: ## the container image in dist, by buildah; as root
	@command -v buildah >/dev/null || .ci/debian-packages buildah
	@packaging/docker/build

release: .venv-dev/.built ## of a tag: every check, then all packages, the image, and the manifest signed by QBITRR_RELEASE_KEY_FILE
	@PYTHONPATH=packaging .venv-dev/bin/python -m release.checks
	@.ci/run
	@$(MAKE) --no-print-directory dist deb image
	@PYTHONPATH=packaging .venv-dev/bin/python -m release

bench: .venv/.built ## time and memory, in the environment that users have: half an hour, kept in benchmarks/results.jsonl
	.venv/bin/python -m benchmarks

clean: ## remove what the other commands made; your data folder .config stays
	rm -rf .venv .venv-dev .cache build dist packaging/page/node_modules packaging/page/types ./*.egg-info .coverage*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the program needs and nothing else: measurements and `make run` must see what users get.
.venv/.built: pyproject.toml
	@PYTHON="$(PYTHON)" .ci/venv .venv .

.venv-dev/.built: pyproject.toml
	@PYTHON="$(PYTHON)" .ci/venv .venv-dev '.[dev]'
