# Two commands on a fresh machine: make demo, make test. Each is a front of dev.py, which sets up what it needs.
PYTHON ?= python3

.PHONY: demo test lint types wheel browser bench
demo test lint types wheel browser bench:
	@$(PYTHON) dev.py $@ $(ARGS)
