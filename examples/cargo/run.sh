#!/bin/sh
# Tests and builds a Rust crate in a box. target/ stays; CARGO_HOME points into the box.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- \
  sh -ec 'cargo test --locked --offline --quiet && cargo build --locked --offline --quiet && echo 1984 | target/debug/years'
