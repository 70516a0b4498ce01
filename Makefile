# make app    sets everything up, then serves the app      (make app PORT=8000 ARGS="--offline")
# make test   sets everything up, a browser included, then runs every test
# make check  lint, format and types, as CI does; JavaScript too where there is npx
# make lock   writes the versions that are installed into constraints.txt

PORT ?= 7860
WORKERS ?= 2
ARGS ?=
PY := .venv/bin/python
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)
BASE := $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)

.PHONY: app test check check-js format setup setup-dev lock browser clean

app: setup
	$(PY) app.py --port $(PORT) $(ARGS)

test: setup-dev browser
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: setup-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@if $(TSC) --version >/dev/null 2>&1 && $(BIOME) --version >/dev/null 2>&1; \
	then $(MAKE) --no-print-directory check-js; \
	else echo "no npx, or no package index for it: JavaScript is not checked"; fi

TSC = npx --yes --package typescript@5.9.3 tsc
BIOME = npx --yes @biomejs/biome@2.6.8

# Types by JSDoc in what says @ts-check (jsconfig.json), then the linter (biome.json).
check-js:
	$(TSC) -p jsconfig.json
	$(BIOME) lint --error-on-warnings demos

format: setup-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

setup: .venv/.app
setup-dev: .venv/.dev

$(PY):
ifeq ($(UV),uv)
	uv venv --quiet --allow-existing --python '>=3.11' .venv
else ifneq ($(BASE),)
	$(BASE) -m venv .venv
else
	$(error Python 3.11 or newer is needed: install it, or install uv)
endif

INSTALL = $(if $(UV),uv pip install --quiet --python $(PY),$(PY) -m pip install --quiet --disable-pip-version-check)

.venv/.app: requirements.txt | $(PY)
	$(INSTALL) -r requirements.txt
	@touch $@

.venv/.dev: requirements.txt requirements-dev.txt constraints.txt | $(PY)
	$(INSTALL) -r requirements-dev.txt -c constraints.txt
	@touch $@ .venv/.app

# The versions that are installed, but for what torch brings for a GPU, which follows torch.
lock: setup-dev
	@sed -n '/^#/p' constraints.txt > .venv/constraints
	@$(if $(UV),uv pip freeze --python $(PY),$(PY) -m pip freeze) | grep -viE '^(nvidia|cuda|triton)' >> .venv/constraints
	@mv .venv/constraints constraints.txt

# The tests drive the system's Chromium; BREAKTHROUGHS_CHROMIUM names another one.
browser: setup-dev
	@if $(PY) tests/browser/chromium.py >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; \
	else $(PY) -m playwright install chromium; fi
	@$(PY) tests/browser/chromium.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
