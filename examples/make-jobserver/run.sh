#!/bin/sh
# Builds with four jobs, some of them in a box. Options go to make.
set -eu
cd "$(dirname "$0")"
exec make -j4 STEPBOX="${STEPBOX:-stepbox}" "$@" check
