# The commands of this project; `make` lists them. Settings are environment variables, see .env.example:
#   PORT=9000 make run
# PYTHON=/path/to/python3.12 names the Python that a new .venv is made with, else the newest of those found is taken.

PY = .venv/bin/python

.PHONY: help run test lint format messages pins bench bench-growth bench-scale torture soak venv venv-dev venv-bench
.DEFAULT_GOAL := help

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: venv ## install, prepare, and serve on http://127.0.0.1:8000
	@$(PY) manage.py prepare
	@if $(DEBUG_IS_OFF); then $(PY) manage.py collectstatic --noinput --verbosity 0; fi
	@exec $(PY) manage.py serve --with-mail

test: venv-dev ## all tests, on SQLite and on PostgreSQL with Redis, and how much of the code they cover
	@rm -f .coverage .coverage.*
	@failed=; \
	echo "== On SQLite without Redis, all that depends on them"; \
	TEST_ON=sqlite $(PY) -m coverage run -m pytest -m "not once" || failed=" sqlite"; \
	echo "== All tests, on PostgreSQL with Redis"; \
	TEST_ON=postgres $(PY) -m coverage run -m pytest || failed="$$failed postgres"; \
	echo "== Coverage of both runs together"; \
	$(PY) -m coverage combine --quiet && rm -f .coverage.* && $(PY) -m coverage report --fail-under=95 || failed="$$failed coverage"; \
	$(PY) -m coverage json --quiet -o - | $(PY) -c $(BRANCHES) || failed="$$failed branches"; \
	test -z "$$failed" || { echo "== Failed:$$failed"; exit 1; }

lint: venv-dev ## look for faults in the code, the migrations, the schema and the files for containers
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m bandit --quiet --recursive --configfile bandit.yaml mentorship users products bench torture manage.py
	$(WITH_NO_SETTINGS) $(FOR_REAL) $(PY) manage.py check --deploy --fail-level WARNING
	$(WITH_NO_SETTINGS) $(PY) manage.py makemigrations --check --dry-run
	$(WITH_NO_SETTINGS) $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(PY) -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	.venv/bin/hadolint Dockerfile
	.venv/bin/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml deploy/kubernetes/example/*.yaml

format: venv-dev ## lay out the code and sort its imports
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: venv-dev venv-bench ## load this service and its peers in turn, and print one table; takes half an hour
	@exec $(PY) -m bench --write build/bench.json $(BENCH)

bench-growth: venv-dev ## the same operations with 1 million and with 5 million users; takes an hour and 15 GB of disk
	@exec $(PY) -m bench.growth $(BENCH)

bench-scale: venv-dev venv-bench ## what more processes bring, and what a statement and a user cost; takes a quarter of an hour
	@exec $(PY) -m bench.scale $(BENCH)

torture: venv-dev ## try by force what the service promises, on both databases; takes most of an hour
	@failed=; rm -f build/torture.md; mkdir -p build; \
	for on in postgres sqlite; do TEST_ON=$$on $(PY) -m torture --write build/torture.md $(TORTURE) || failed="$$failed $$on"; done; \
	test -z "$$failed" || { echo "== Broken promises on:$$failed"; exit 1; }

soak: venv-dev ## an hour of what people do all day, and whether anything fails, grows or slows down
	@mkdir -p build; exec $(PY) -m torture.soak --write build/soak.md $(TORTURE)

messages: venv-dev ## compile the translations, .po to .mo
	$(PY) -c 'import glob, polib; [polib.pofile(po).save_as_mofile(po[:-2] + "mo") for po in glob.glob("*/locale/*/LC_MESSAGES/*.po")]'

pins: venv-dev ## the newest versions into requirements*.txt; then run the tests
	$(PIN) --output-file requirements.txt requirements.in
	$(PIN) --output-file requirements-dev.txt requirements-dev.in
	$(PIN) --output-file bench/requirements.txt bench/requirements.in

venv:
	$(call install,requirements.txt,requirements.txt)

venv-dev:
	$(call install,requirements-dev.txt,requirements.txt requirements-dev.txt)

# The peers of the benchmark have a place of their own, and the load comes from wrk.
venv-bench:
	@set -e; if ! cmp -s bench/requirements.txt bench/.venv/requirements.txt; then \
	    echo "Installing the benchmark's peers into bench/.venv"; \
	    $(PY) -m venv --clear bench/.venv; \
	    bench/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.txt; \
	    cp bench/requirements.txt bench/.venv/; \
	fi; \
	if ! command -v wrk >/dev/null; then \
	    echo "Installing wrk, from which the load comes (on Debian)"; \
	    apt-get update -qq && apt-get install -qq -y --no-install-recommends wrk >/dev/null; \
	fi

# $(1): what to install; $(2): the files that this covers. Each is copied into .venv when it is installed: where the copy
# equals the file there is nothing to do.
define install
	@set -e; \
	if cmp -s $(1) .venv/$(1); then exit 0; fi; \
	fits='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	if ! $(PY) -c "import pip; $$fits" 2>/dev/null; then \
	    for python in $${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do \
	        if "$$python" -c "$$fits" 2>/dev/null; then break; else python=; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "This needs Python 3.11 or newer, with its venv module (on Debian: python3-venv)." >&2; \
	        echo "Found: $$($${PYTHON:-python3} --version 2>&1). Name another one with PYTHON=/path/to/python3.12" >&2; \
	        exit 1; \
	    fi; \
	    "$$python" -m venv --clear .venv; \
	fi; \
	echo "Installing $(1) into .venv, which may take a minute"; \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); \
	cp $(2) .venv/
endef

DEBUG_IS_OFF = DJANGO_SETTINGS_MODULE=mentorship.settings $(PY) -c 'import sys; from django.conf import settings; sys.exit(settings.DEBUG)'

BRANCHES = 'import json, sys; covered = json.load(sys.stdin)["totals"]["percent_branches_covered"]; \
	print(f"Branches alone: {covered:.1f}%"); sys.exit(covered < 95)'

# The developer's own settings, keys and database stay out of it.
WITH_NO_SETTINGS = folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	env -i PATH="$$PATH" ENV_FILE=/dev/null KEYS_FILE="$$folder/keys.env" DB_NAME="$$folder/db.sqlite3"

FOR_REAL = DEBUG=false HTTPS=true NUM_PROXIES=1 ALLOWED_HOSTS=mentors.example.com

PIN = UV_CUSTOM_COMPILE_COMMAND='make pins' .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links
