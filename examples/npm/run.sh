#!/bin/sh
# Installs, tests and builds an npm package in a box. node_modules/ and dist/ stay; ~/.npm does not.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- sh -ec 'npm ci && npm test && npm run build'
