#!/bin/sh
# Installs what is missing, builds in every way we promise, and runs all tests: sh tools/test.sh
# Third-party judges run where their Python packages can be had; in CI they must.
set -eu
cd "$(dirname "$0")/.."
sh tools/install.sh tests

venv=build/judges
if [ ! -x $venv/bin/python ] || ! cmp -s tests/judges/requirements.txt $venv/requirements.txt; then
    if python3 -m venv $venv && $venv/bin/python -m pip install -q --disable-pip-version-check -r tests/judges/requirements.txt; then
        cp tests/judges/requirements.txt $venv/requirements.txt
    elif [ "${CI:-}" = true ]; then
        echo "the judges' Python packages cannot be installed" >&2
        exit 1
    else
        echo "the judges' Python packages cannot be installed: tests that need them will be skipped"
    fi
fi
[ -x $venv/bin/python ] && SY_PYTHON="$PWD/$venv/bin/python" && export SY_PYTHON

step() { echo; echo "== $*"; }
# What is printed on success is only the last lines; a failure prints the end of its log.
quietly() { log=$(mktemp); if "$@" >"$log" 2>&1; then rm "$log"; else tail -60 "$log"; rm "$log"; exit 1; fi; }

step "clang: builds without warnings"
quietly cmake --preset clang
quietly cmake --build build/clang

step "address and undefined-behaviour sanitizers"
quietly cmake --preset asan
quietly cmake --build build/asan
# PoCL and the executor of PTX run what they compiled themselves, which no sanitizer sees
quietly ctest --preset asan -LE "judge|lint|pipeline|ptx" -E "device.opencl|cli.devices|device.operators"

step "gcc: tests"
quietly cmake --preset dev
quietly cmake --build build/dev
# These quantize many real models, or run what each target's users run, for half an hour: sh tools/test.sh all
if [ "${1:-}" = all ]; then
    [ ! -x $venv/bin/python ] || $venv/bin/python -m pip install -q --disable-pip-version-check -r tests/judges/requirements-targets.txt ||
        echo "the targets' Python packages cannot be installed: tests that need them will be skipped"
    mindspore=build/judges-mindspore
    if [ -x $mindspore/bin/python ] || { python3 -m venv $mindspore &&
        $mindspore/bin/python -m pip install -q --disable-pip-version-check -r tests/judges/requirements-mindspore.txt; }; then
        SY_MINDSPORE="$PWD/$mindspore/bin/python" && export SY_MINDSPORE
    else
        echo "MindSpore cannot be installed: its judge will be skipped"
    fi
    ctest --preset dev
else
    ctest --preset dev -E "judge.quantize|judge.execution|judge.qnn|judge.openvino|judge.litert"
fi
