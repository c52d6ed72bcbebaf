# Thin on purpose: what takes more than a line stands in bin/.
export PORT HOST
PYTHON := .venv/bin/python

.PHONY: run setup test lint messages bench

run: setup  ## the whole office in this terminal; PORT=8001 for another port
	@exec $(PYTHON) -m crm.office

setup:  ## .venv with what the product needs; does nothing when nothing has changed
	@bin/setup requirements.txt

test:  ## everything that must hold, a browser included
	@bin/setup requirements-dev.txt
	@$(MAKE) --no-print-directory lint
	$(PYTHON) manage.py makemigrations --check --dry-run
	CHROMIUM="$$(bin/browser)" && export CHROMIUM && $(PYTHON) -m pytest

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

messages:  ## collect the words to translate, and compile their translations (needs gettext)
	$(PYTHON) manage.py makemessages --all --no-obsolete --add-location=file --ignore=.venv --ignore=var && $(PYTHON) manage.py compilemessages --ignore=.venv

bench:  ## one JSON line per figure
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m bench
