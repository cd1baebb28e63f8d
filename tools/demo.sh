#!/bin/sh
# Installs what is missing, builds, and quantizes the network in examples/digits: sh tools/demo.sh [output folder]
set -eu
cd "$(dirname "$0")/.."
out=${1:-build/demo}
sh tools/install.sh
log=$(mktemp)
{ cmake --preset release && cmake --build build/release; } >"$log" 2>&1 || { tail -40 "$log"; rm "$log"; exit 1; }
rm "$log"

set -x
build/release/steelyard quantize examples/digits/digits.onnx --data examples/digits/calib --labels examples/digits/eval_labels.txt \
    --target GENERIC,NVGPU --output "$out" --set data_preprocess_param.preset=tf
set +x
echo
echo "The quantized models, the statistics and manifest.json are in $out:"
ls -l "$out"
