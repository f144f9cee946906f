# Everything runs inside .venv, which the first target that needs it makes from requirements.lock.
# TORCH=cpu takes torch's CPU build from the index that uv knows for it, and leaves the CUDA libraries out.
.PHONY: demo test quality bench space docs environment clean

SHELL := /bin/bash
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
TORCH ?=
export HF_HUB_OFFLINE ?= 1
export GRADIO_ANALYTICS_ENABLED ?= False
export TOKENIZERS_PARALLELISM ?= false
# Compiled modules are kept: without them importing torch takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

demo: $(READY)  ## The main job, offline: data, LoRA, before and after, metrics, a page to hear it all
	$(RUN) demo.py

test: $(READY)  ## All tests
	$(RUN) -m pytest

quality: $(READY)  ## Lint and format check
	$(RUN) -m ruff check . && $(RUN) -m ruff format --check .

bench: $(READY)  ## Measurements against peers and ceilings; DATA=folder of recordings adds codec and builder
	$(RUN) -m benchmarks.base_model --quick
	$(RUN) -m benchmarks.metrics
	[ -z "$(DATA)" ] || $(RUN) -m benchmarks.codec $(DATA) --clips 4
	[ -z "$(DATA)" ] || $(RUN) -m benchmarks.dataset $(DATA) --clips 40

# The page may fetch models and datasets by their names, unless HF_HUB_OFFLINE was set by the reader.
space: export HF_HUB_OFFLINE := $(if $(filter environment,$(origin HF_HUB_OFFLINE)),$(HF_HUB_OFFLINE),0)
space: $(READY)  ## The page, at http://127.0.0.1:7860; it also shows what `make demo` built
	$(RUN) app.py --adapters runs --datasets datasets --show $(wildcard sd-audio-spectrograms demo/sd-audio-spectrograms)

docs: $(READY)  ## The site with guides and reference, in site/; fails on a dead link
	$(RUN) -m benchmarks.figures --check
	$(RUN) -m mkdocs build
	@echo "open site/index.html"

environment: $(READY)

clean:
	rm -rf $(VENV) demo

$(READY): requirements.lock
	@python=$$(for p in python3.12 python3.13 python3.11 python3 python; do \
	   command -v $$p >/dev/null && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done); \
	 [ -n "$$python" ] || { echo "Python 3.11 or newer with its venv module was not found: install it (Debian: apt install python3 python3-venv) and run make again" >&2; exit 5; }; \
	 [ -x $(RUN) ] || $$python -m venv $(VENV)
	@if [ -n "$(TORCH)" ]; then echo "Installing into $(VENV) with torch for $(TORCH)."; \
	 elif [ "$$(uname -s)" = Linux ]; then echo "Installing into $(VENV): 3.3 GB to download, 6.4 GB on disk, of which 2.2 and 4.5 are CUDA. Without a GPU: make environment TORCH=cpu"; \
	 else echo "Installing into $(VENV): about 1 GB to download."; fi
	$(RUN) -m pip install --quiet --disable-pip-version-check uv
	@if [ "$(TORCH)" = cpu ]; then grep -vE '^(nvidia|cuda|triton)' requirements.lock > $(VENV)/requirements.txt; \
	 else cp requirements.lock $(VENV)/requirements.txt; fi
	$(RUN) -m uv pip install --quiet --python $(RUN) $(if $(TORCH),--torch-backend $(TORCH)) -r $(VENV)/requirements.txt
	@touch $(READY)
