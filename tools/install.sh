#!/bin/sh
# Installs what building and running needs on Debian 12, and only what is missing: sh tools/install.sh [tests]
set -eu

packages="gcc libc6-dev cmake ninja-build pkg-config libprotobuf-c-dev protobuf-c-compiler libcjson-dev nettle-dev libstb-dev opencl-headers"
[ "${1:-}" = tests ] && packages="$packages clang libclang-rt-dev clang-tidy clang-format libcmocka-dev python3 python3-venv ocl-icd-opencl-dev pocl-opencl-icd libclblast-dev"

missing=""
for package in $packages; do
    # A virtual or versioned package counts when anything installed provides it.
    dpkg-query -W -f '${Status} ${Provides}\n' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

echo "installing:$missing"
sudo=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "not root, and no sudo: as root run apt-get install$missing" >&2; exit 1; }
    sudo=sudo
fi
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
