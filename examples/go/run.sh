#!/bin/sh
# Vets, tests and builds a Go module in a box. The program stays, in bin/; the build cache does not.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- \
  sh -ec 'go vet ./... && go test -count=1 ./... && go build -o bin/ ./cmd/accesslog'
