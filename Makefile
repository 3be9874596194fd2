# Everything here needs Python >= 3.11, make and git; the rest is made. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORLD ?= healthy
PYTEST := $(BIN)/python -m pytest -q -p no:cacheprovider
JOBS ?= 2
OTHER := linux-$(if $(filter x86_64,$(shell uname -m)),arm64,amd64)
WHEELS := dist/airgap-wizard-wheels-$(OTHER).tar

.PHONY: help demo demo-bundle dist dist-wheels probe test test-fast test-real tools check bench docs pictures lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 14

demo: $(STAMP) ## a whole air-gap install on a simulated site (WORLD=cni-ignores-policy for one that goes wrong)
	@if [ -t 0 ] && [ -t 1 ] && [ -f screens/app.py ]; then $(BIN)/airgap-wizard --rehearse $(WORLD); \
	else $(BIN)/airgap-wizard run --rehearse $(WORLD); fi

demo-bundle: $(STAMP) ## a signed bundle and its trust policy in build/: demo.airgap, trust.yaml, and the key demo.key (no password)
	@mkdir -p build
	@[ -f build/demo.key ] || $(BIN)/airgap-wizard keys generate --output build/demo --no-password
	@printf '%s\n' 'apiVersion: airgap-wizard/trust/v1' 'authorities:' '  vendor:' '    keys:' \
	  "      - {file: demo.pub, notAfter: $$(date -u -d '+1 year' +%F)}" >build/trust.yaml
	AIRGAP_WIZARD_STATE=$(CURDIR)/build/state $(BIN)/airgap-wizard bundle create --rehearse healthy \
	  --output build/demo.airgap --set media.key=build/demo.key
	AIRGAP_WIZARD_STATE=$(CURDIR)/build/state $(BIN)/airgap-wizard bundle verify build/demo.airgap --trust build/trust.yaml

test: test-fast test-real ## all tests: the fast ones, then the real ones with tools built once into ~/.cache/airgap-wizard

test-fast: $(STAMP) ## the tests that need nothing but Python
	$(PYTEST) -n $(JOBS) -m "not real and not cluster"

test-real: $(STAMP) tools ## registries, Helm, Ollama, a one-node Kubernetes
	tests/e2e/cluster/boxes $(JOBS) $(PYTEST) -m "real or cluster"

tools: ## build the real tools (Go and root needed; without them the real tests are skipped by name and count)
	@if command -v go >/dev/null && [ "$$(id -u)" = 0 ]; then tests/real/tools/build; \
	else echo "*** no Go or not root: real tools are not built; the tests that need them are skipped by name" >&2; \
	     [ -z "$$REQUIRE_REAL" ]; fi

probe: $(STAMP) ## the probe's image for both platforms, as an OCI layout in build/airgap-probe (needs Go)
	tests/real/tools/build airgap-probe
	@tools=$${AIRGAP_WIZARD_TOOLS:-$$HOME/.cache/airgap-wizard}/bin; version=$$($(BIN)/python -c 'import wizard; print(wizard.__version__)'); \
	$(BIN)/python -m wizard.cluster.probe_image build/airgap-probe "$$version" \
	  "linux/amd64=$$tools/airgap-probe-amd64" "linux/arm64=$$tools/airgap-probe-arm64"

check: $(STAMP) ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

bench: $(STAMP) tools ## ratios to crane, oras, skopeo on the same bytes in one run
	$(BIN)/python -m tests.bench.startup
	$(BIN)/python -m tests.bench.screens
	$(BIN)/python -m tests.bench.registry
	$(BIN)/python -m tests.bench.bundle
	$(BIN)/python -m tests.bench.bundle_flat
	$(BIN)/python -m tests.bench

docs: $(STAMP) ## regenerate docs/answers.md, checks.md, problems.md, coverage.md
	$(BIN)/python -m tests.docs

pictures: $(STAMP) ## docs/pictures/*.svg: the wizard's main pages, from recorded journals
	$(BIN)/python -m tests.screens.pictures

lock: ## renew requirements.lock from pyproject.toml
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install -q pip-tools
	build/lock/bin/pip-compile -q --extra dev --generate-hashes --strip-extras --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml

dist: $(STAMP) ## dist/airgap-wizard: one executable that needs no Python, a wheel, wheels for the other platform, checksums (KEY=F signs each)
	@mkdir -p dist
	PYTHONPATH=$(CURDIR) $(BIN)/pyinstaller --onefile --name airgap-wizard --log-level WARN \
	  --distpath dist --workpath build/pyinstaller --specpath build/pyinstaller --paths $(CURDIR) \
	  --hidden-import assets --collect-submodules wizard --collect-submodules screens --collect-data assets --collect-data screens \
	  --collect-submodules textual --collect-data textual --collect-submodules rich --hidden-import _cffi_backend \
	  $(addprefix --exclude-module ,tkinter numpy gguf pytest hypothesis jsonschema cyclonedx) wizard/__main__.py
	$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@$(MAKE) --no-print-directory dist-wheels || echo "*** dist/ is without wheels for $(OTHER); all else is there" >&2
	cd dist && sha256sum airgap-wizard $$(ls *.whl *.tar 2>/dev/null) >SHA256SUMS
	@[ -z "$(KEY)" ] || for file in dist/airgap-wizard dist/*.whl $$(ls $(WHEELS) 2>/dev/null) dist/SHA256SUMS; do \
	$(BIN)/airgap-wizard keys sign "$$file" --key $(KEY) || exit 1; done
	@cat dist/SHA256SUMS

dist-wheels: $(WHEELS) ## the wheels that the program needs on the other platform, as one tar (fetched once for each lock)

$(WHEELS): requirements.lock pyproject.toml | $(STAMP)
	$(BIN)/python -m tests.packaging.wheels other $@

clean: ## remove what was built here (not the tools in ~/.cache/airgap-wizard)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: Python 3.11 or later is needed, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
	  echo "      Debian and Ubuntu: apt install python3.11 python3.11-venv; then: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: Python's venv module is missing. Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@command -v git >/dev/null || { echo "make: git is missing. Debian and Ubuntu: apt install git" >&2; exit 2; }
	@echo "making the virtual environment (once)" >&2
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
