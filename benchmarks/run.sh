#!/bin/sh
# Every claim about speed and memory, as ratios measured in one run: sh benchmarks/run.sh
# Needs the models and photographs of the folder SY_SHARED (default ../shared), and onnxruntime, numpy and pillow for SY_PYTHON
# (default: the judges' environment that tools/test.sh makes, else python3). Takes about ten minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
shared=${SY_SHARED:-$PWD/../shared}
python=${SY_PYTHON:-$PWD/build/judges/bin/python}
[ -x "$python" ] || python=python3
[ -d "$shared/data/models" ] || { echo "no models in $shared/data/models: set SY_SHARED" >&2; exit 1; }

log=$(mktemp)
{ cmake --preset release && cmake --build build/release --target steelyard_program benchmark.forward benchmark.collect; } >"$log" 2>&1 || { tail -40 "$log"; rm "$log"; exit 1; }
rm "$log"

models=$shared/data/models
set -- "$models/squeezenet1_1.onnx" "$models/mobilenet_v2_1.0_224_dq.onnx" "$models/efficientnet_lite0.onnx"
echo "== float forward, one thread, against onnxruntime"
"$python" benchmarks/forward.py --program build/release/benchmarks/benchmark.forward "$@"
echo
echo "== statistics: overhead, whole runs against onnxruntime's calibrators, memory"
"$python" benchmarks/stats.py --build build/release --images "$shared/data/images/calib" "$@"
echo
echo "== entropy-coded weights, decoded on one core, beside memcpy and zlib"
# zlib1g-dev is for this benchmark alone: without it there is no such target
if cmake --build build/release --target benchmark.fse >/dev/null 2>&1; then build/release/benchmarks/benchmark.fse; else echo "skipped: zlib is missing"; fi
