#!/bin/sh
# run.sh PROGRAM REPOSITORY: finds the cases and runs them.
here=$(dirname "$0")
shared=${SY_SHARED:-$2/../shared}
[ -d "$shared/data/conformance" ] || shared=$2/../../shared
exec "$1" "$here/exceptions.txt" "$shared/data/conformance/node"
