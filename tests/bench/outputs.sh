#!/bin/bash
# How long outputs take to be carried out, against cp -a of the same tree:
#
#   tests/bench/outputs.sh STEPBOX [FILES [GIB [ROUNDS]]]
#
# FILES small files (100000), and one file of GIB GiB (8), each copied from a tmpfs to the disk below TMPDIR or /var/tmp.
# stepbox computes digests and returns when all is on the disk; cp -a is measured alone, and with sync -f after it.
# Rounds alternate, and the median counts. As root, since the tree for cp needs a tmpfs of its own.
set -euo pipefail
stepbox=$(readlink -f "${1:?STEPBOX}")
files=${2:-100000} gib=${3:-8} rounds=${4:-5}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/stepbox-bench-XXXXXX")
memory=$(mktemp -d /dev/shm/stepbox-bench-XXXXXX)
trap 'umount "$memory"; rm -rf "$work" "$memory"' EXIT
mount -t tmpfs -o size=$((gib + 2))G,nr_inodes=2M,huge=within_size tmpfs "$memory"
mkdir "$work/checkout"
cd "$work/checkout"

# In 100 directories, 200 bytes each.
small='from=${1%/}; i=0; while [ $i -lt 100 ]; do mkdir -p "$from/$i"; i=$((i+1)); done
seq 0 $(($2 - 1)) | awk -v from="$from" "{ file = from \"/\" (\$1 % 100) \"/\" \$1; printf \"%0200d\", \$1 > file; close(file) }"'
large='head -c "$2"G /dev/urandom > "$1/large"'

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
seconds() { local begin=$EPOCHREALTIME; "$@"; echo "$begin $EPOCHREALTIME" | awk '{ printf "%.3f\n", $2 - $1 }'; }

compare() {
  local name=$1 script=$2 amount=$3
  rm -rf "$memory/tree"; mkdir "$memory/tree"
  sh -c "$script" sh "$memory/tree" "$amount"
  : > "$work/cp"; : > "$work/cp_sync"; : > "$work/export"
  for _ in $(seq "$rounds"); do
    rm -rf "$work/to" "$work/copy"; sync -f "$work"
    seconds cp -a "$memory/tree" "$work/copy" > "$work/one"
    seconds sync -f "$work" > "$work/two"
    cat "$work/one" >> "$work/cp"
    cat "$work/one" "$work/two" | awk '{ sum += $1 } END { print sum }' >> "$work/cp_sync"
    rm -rf "$work/copy"; sync -f "$work"
    "$stepbox" run --size $((gib + 2))GiB --inodes 1M --output /box/out --outputs-to "$work/to" --report "$work/report.json" -- \
      sh -c "$script" sh /box/out "$amount"
    sed -n 's/.*"export": \([0-9.]*\).*/\1/p' "$work/report.json" >> "$work/export"
  done
  awk -v name="$name" -v cp="$(median < "$work/cp")" -v both="$(median < "$work/cp_sync")" -v ours="$(median < "$work/export")" \
    'BEGIN { printf "%-24s cp -a %.2f s, cp -a and sync %.2f s, stepbox %.2f s: %.2f of cp -a, %.2f of cp -a and sync\n", name, cp, both, ours, ours / cp, ours / both }'
}

compare "$files small files" "$small" "$files"
[ "$gib" = 0 ] || compare "one file of $gib GiB" "$large" "$gib"
