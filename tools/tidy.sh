#!/bin/sh
# clang-tidy with .clang-tidy over our C, two files at a time; fails on any finding: sh tools/tidy.sh [FILE.c ...]
# With files only those. Compilation commands are those of build/dev, which is configured and its generated headers built if need be.
set -eu
cd "$(dirname "$0")/.."

tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || { echo "clang-tidy is missing: sh tools/install.sh tests" >&2; exit 1; }
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
cmake --build build/dev --target sy_protobuf >/dev/null

# Sources of this checkout that build/dev compiles, each once.
files=$(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/dev/compile_commands.json | sort -u | grep "^$PWD/" | grep -v "^$PWD/build/")
if [ $# -gt 0 ]; then
    wanted=$(for file; do printf '^%s/%s$\n' "$PWD" "${file#"$PWD"/}"; done)
    files=$(printf '%s\n' "$files" | grep "$wanted") || { echo "build/dev compiles none of: $*" >&2; exit 1; }
fi

# What clang-tidy counts on standard error is of no interest; what it finds is on standard output.
printf '%s\n' "$files" | xargs -P 2 -n 4 "$tidy" -p build/dev -quiet 2>/dev/null && echo "clang-tidy: $(printf '%s\n' "$files" | wc -l) files without a finding"
