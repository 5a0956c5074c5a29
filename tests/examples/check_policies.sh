#!/bin/bash
# Checks every policy below $1: stepbox reads it, and a step runs under it.
set -euo pipefail
examples=$1
failed=0

for policy in "$examples"/policies/*.yaml "$examples"/*/.stepbox.yaml; do
  name=${policy#"$examples"/}
  if ! "$STEPBOX" policy check "$policy" > /dev/null; then
    echo "FAILED: $name"
    failed=1
  fi
done

# Each in its own role: `project.yaml` is read as a checkout's own policy, which may not widen.
project=$(mktemp -d /var/tmp/stepbox-example-project.XXXXXX)
trap 'rm -rf "$project"' EXIT
cp "$examples/policies/project.yaml" "$project/.stepbox.yaml"
cd "$project"
for policy in site untrusted large-build; do
  if ! "$STEPBOX" run --policy "$examples/policies/$policy.yaml" -- true; then
    # strict rightly refuses to run where a protection is missing.
    if [ "$policy" = untrusted ] && "$STEPBOX" doctor | grep -q degraded; then
      echo "SKIPPED: untrusted.yaml: a protection cannot be had here"
      continue
    fi
    echo "FAILED: no step runs under policies/$policy.yaml"
    failed=1
  fi
done
if [ "$failed" = 0 ]; then echo "ok      policies"; fi
exit "$failed"
