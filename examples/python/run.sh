#!/bin/sh
# Makes a virtual environment, installs a package into it and runs its tests, in a box. .venv/ stays; pip's
# cache and temporary files do not.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- sh -ec '
  python3 -m venv --clear .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --no-index .
  .venv/bin/python -m unittest discover -s tests
  echo "the step, the box, the end" | .venv/bin/textstat'
