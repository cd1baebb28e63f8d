#!/bin/sh
# Everything that needs a real NVIDIA card, in one command:  sh tools/gpu_check.sh
#
# Device tests and whole runs against the CPU, bit for bit, then images a second, shares of the card's peaks and time by
# kind of kernel for SqueezeNet, MobileNet v2 (from SY_SHARED/data, where that is set) and a model of ResNet-50's shape.
# The report is build/gpu/report.txt. With --executor all but the timings run on the executor of tests/ptx, without a card.
set -eu
cd "$(dirname "$0")/.."
real=ON
[ "${1:-}" = --executor ] && real=OFF
folder=build/gpu
python=${SY_PYTHON:-python3}

command -v nvcc >/dev/null || [ -x /usr/local/cuda/bin/nvcc ] || { echo "nvcc of the CUDA toolkit is needed" >&2; exit 1; }
cmake -S . -B $folder -G Ninja -DCMAKE_BUILD_TYPE=Release -DSY_CUDA=ON -DSY_TEST_REAL_CUDA=$real >/dev/null
cmake --build $folder
cmake --build $folder --target benchmarks

# Runs the rest of the line; a failure is remembered, and the others go on.
failed=""
must() { "$@" || failed="$failed [$*]"; }

timings() {
    must "$python" benchmarks/make_resnet50.py $folder/resnet50_shaped.onnx
    for model in "${SY_SHARED:-}"/data/models/squeezenet1_1.onnx "${SY_SHARED:-}"/data/models/mobilenet_v2_1.0_224_dq.onnx \
                 $folder/resnet50_shaped.onnx; do
        [ -f "$model" ] || { echo "$model is not here: not timed"; continue; }
        for batch in 1 8 32 128; do must $folder/benchmarks/benchmark.device "$model" cuda:0 $batch; done
    done
}

report() {
    echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $(date -u +%F)"
    if [ $real = ON ]; then
        must nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem --format=csv,noheader
        must $folder/steelyard devices
    fi
    echo "== device tests"
    must ctest --test-dir $folder -L device --output-on-failure --no-tests=error
    echo "== whole runs: content hashes; nvcc's report"
    must ctest --test-dir $folder -L pipeline -V --no-tests=error
    if [ $real = ON ]; then echo "== speed"; timings; fi
    [ -z "$failed" ] && echo "everything is as it must be" || echo "FAILED:$failed"
}
report >$folder/report.txt 2>&1
cat $folder/report.txt
tail -1 $folder/report.txt | grep -q "^everything is as it must be$"
