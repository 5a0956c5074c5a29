#!/bin/bash
# Runs one example twice and compares the host before and after. $1 is its directory; the other arguments are files
# that it must leave there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
directory=$1
shift
name=$(basename "$directory")
output=$(mktemp -d /var/tmp/stepbox-example-output.XXXXXX)
trap 'rm -rf "$output"' EXIT

failed() {
  echo "FAILED: $name: $1"
  shift
  if [ $# -gt 0 ]; then sed 's/^/    /' "$@"; fi
  exit 1
}

mark="stepbox-example-$name-$$"
started=$SECONDS
"$here/fingerprint.sh" > "$output/before"
for run in first second; do
  # For temporary files of programs outside the box (the outer make).
  if ! EXAMPLE_MARK=$mark TMPDIR=$output "$directory/run.sh" > "$output/log" 2>&1 < /dev/null; then
    failed "the $run run failed" "$output/log"
  fi
done
"$here/fingerprint.sh" > "$output/after"

diff -u "$output/before" "$output/after" > "$output/diff" || failed "the host has changed" "$output/diff"

# This user's own processes are readable, so an unreadable one does not belong to the example.
survivors=$(grep -lsz "^EXAMPLE_MARK=$mark$" /proc/[0-9]*/environ || true)
[ -z "$survivors" ] || failed "processes were left: $survivors"

for file in "$@"; do
  [ -e "$directory/$file" ] || failed "it did not leave $file in the checkout" "$output/log"
done
strange=$(find "$directory" ! -user "$(id -u)" -print -quit)
[ -z "$strange" ] || failed "$strange belongs to another user"

# make prints this when it cannot reach the jobs of the make above it.
if grep -q 'jobserver unavailable' "$output/log"; then failed "the jobserver did not get through" "$output/log"; fi
echo "ok      $name ($((SECONDS - started)) s)"
