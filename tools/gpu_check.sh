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

report() {
    echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $(date -u +%F)"
    [ $real = ON ] && nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem --format=csv,noheader
    [ $real = ON ] && $folder/steelyard devices
    echo "== device tests"
    ctest --test-dir $folder -L device --output-on-failure
    echo "== whole runs: content hashes"
    ctest --test-dir $folder -R "^pipeline" -V | sed -n 's/^[0-9]*: //p'
    ctest --test-dir $folder -R "^pipeline" --rerun-failed -N | grep -q "Total Tests: 0" || exit 1
    [ $real = ON ] || return 0
    echo "== speed"
    $python benchmarks/make_resnet50.py $folder/resnet50_shaped.onnx
    for model in "${SY_SHARED:-}"/data/models/squeezenet1_1.onnx "${SY_SHARED:-}"/data/models/mobilenet_v2_1.0_224_dq.onnx \
                 $folder/resnet50_shaped.onnx; do
        [ -f "$model" ] || { echo "$model is not here: not timed"; continue; }
        for batch in 1 8 32 128; do $folder/benchmarks/benchmark.device "$model" cuda:0 $batch; done
    done
}
status=0
( set -e; report ) >$folder/report.txt 2>&1 || status=$?
cat $folder/report.txt
[ $status = 0 ] && echo "gpu_check: everything is as it must be" || echo "gpu_check: FAILED, see $folder/report.txt" >&2
exit $status
