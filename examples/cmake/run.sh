#!/bin/sh
# Configures, builds and tests a C++ project in a box. build/ stays, on disk; the compiler's files in TMPDIR, and
# ccache where there is one, stay in memory.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- \
  sh -ec 'cmake -S . -B build && cmake --build build --parallel 2 && cd build && ctest --output-on-failure'
