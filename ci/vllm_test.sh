#!/usr/bin/env bash
# Tests the provider vllm/ with a real server: scoring, interruption, a run that is killed, two iterations with adapters
# and one with all weights. Makes both environments where they are missing. Not part of ci/test.sh: minutes, and
# gigabytes.
#
#   bash ci/vllm_test.sh           STE_VLLM_VENV: where the environment with vLLM is (default: .venv-vllm)
#   bash ci/vllm_test.sh -k lora   further words go to pytest
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
export STE_VLLM_VENV=${STE_VLLM_VENV:-$STE_ROOT/.venv-vllm}
case $STE_VLLM_VENV in /*) ;; *) STE_VLLM_VENV=$PWD/$STE_VLLM_VENV ;; esac # the tests change the folder
# it has to have vLLM, and ste as it is here: not that of another clone
(cd / && "$STE_VLLM_VENV/bin/python" - "$STE_ROOT") 2>/dev/null <<'PYTHON' || bash "$STE_ROOT/ci/vllm_env.sh" "$STE_VLLM_VENV"
import importlib.util
import pathlib
import sys

ste = importlib.util.find_spec("ste_plugin")
here = ste is not None and pathlib.Path(ste.origin).is_relative_to(sys.argv[1])
sys.exit(not (here and importlib.util.find_spec("vllm")))
PYTHON
cd "$STE_ROOT"
ste models pull smollm2-135m
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec python -m pytest -q --durations=5 tests/e2e/test_vllm.py "$@"
