#!/bin/bash
# Runs every example in the directory $1, which belongs to the caller, twice each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
examples=$1
failed=0

check() {
  local name=$1 tool=$2
  if ! command -v "$tool" > /dev/null; then
    echo "SKIPPED: $name: no $tool in PATH"
    if [ "${STEPBOX_MUST_WORK:-0}" = 1 ]; then failed=1; fi
    return
  fi
  shift 2
  "$here/check_example.sh" "$examples/$name" "$@" || failed=1
}

echo "examples as uid $(id -u), home $HOME, in $examples"
#     example        needs    leaves in the checkout
check go             go       bin/accesslog
check cargo          cargo    target/debug/years
check npm            npm      dist/index.html node_modules/plural/index.js
check cmake          cmake    build/merge_intervals
check make-jobserver make     program
check maven          mvn      target/luhn-1.0.jar
check python         python3  .venv/bin/textstat
# The policies, which need no build.
"$here/check_policies.sh" "$examples" || failed=1

# Control: without stepbox the Go example leaves files behind.
if [ "${WITH_CONTROL:-0}" = 1 ] && command -v go > /dev/null; then
  cd "$examples/go"
  before=$("$here/fingerprint.sh")
  GOFLAGS=-buildvcs=false go test ./... > /dev/null
  if [ "$before" = "$("$here/fingerprint.sh")" ]; then
    echo "FAILED: control: nothing was left without stepbox, so this check proves nothing"
    failed=1
  else
    echo "ok      control: without stepbox, the Go example leaves files behind"
  fi
fi
exit "$failed"
