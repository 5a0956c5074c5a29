#!/bin/bash
# Every policy below $1 is one that stepbox reads, and that a step runs under.
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

# As what they are made for. `project.yaml` is read as a checkout's own policy, which may not widen.
project=$(mktemp -d /var/tmp/stepbox-example-project.XXXXXX)
trap 'rm -rf "$project"' EXIT
cp "$examples/policies/project.yaml" "$project/.stepbox.yaml"
cd "$project"
for policy in site untrusted large-build; do
  if ! "$STEPBOX" run --policy "$examples/policies/$policy.yaml" -- true; then
    # strict refuses to run where a protection cannot be had, and that is right.
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
