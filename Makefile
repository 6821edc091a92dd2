# The front door: every target is one line and sets itself up.
export REPO PACKAGE PORT HTTP_PORT HOST_NAME HEADGATE_HOME ROUNDS ARGS

help:    ; @sed -nE 's|^([a-z]+):.* ## ([^(].*)|\1\t\2|p' Makefile | expand -t 10
setup:   ; @scripts/setup ## everything into .venv, as uv.lock names it
demo:    setup ; @.venv/bin/python scripts/demo.py ## the main job on real packages (or on REPO=<url>)
serve:   setup ; @scripts/serve ## leave a server running (PORT, HTTP_PORT, HOST_NAME, HEADGATE_HOME)
test:    setup ; @scripts/test $(ARGS) ## every test, on SQLite and PostgreSQL, with real clients
check:   setup ; @scripts/check ## format, lint, types, layers
bench:   setup ; @scripts/packages bench && PYTHONPATH=benchmarks:tests .venv/bin/python -m benchmarks $(ARGS) ## the numbers, beside raw limits of the same run
chaos:   setup ; @scripts/chaos $(ARGS) ## kill -9 at random points (ROUNDS=200)
docs:    setup ; @.venv/bin/python scripts/docs.py $(ARGS) ## write the pages made from the code, check links
sizes:   setup ; @.venv/bin/python scripts/sizes.py ## how long functions and modules are
clean:   ; @rm -rf build dist .demo .pytest_cache .ruff_cache .hypothesis .import_linter_cache && find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: help setup demo serve test check bench chaos docs sizes clean
