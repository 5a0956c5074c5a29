#!/bin/bash
# How long a build takes without a box and in one, with a cold cache and with a warm one:
#
#   tests/bench/warm.sh STEPBOX [ROUNDS [SUBJECT]...]
#
# SUBJECT: go (golang.org/x/tools, golang-golang-x-tools-dev), ccache (this project's own launcher, cmake and ccache),
# npm (npm ci of typescript and eslint; needs the network once). Each build starts from a fresh checkout with one changed
# line. Columns in seconds, median of ROUNDS (3): bare with an empty cache, bare with its own warm cache, a box, a box with
# --warm; then the last against the second. As the user who runs it; all files are in a directory below TMPDIR or /var/tmp.
set -euo pipefail
stepbox=$(readlink -f "${1:?STEPBOX}")
rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
subjects=("$@")
[ $# -gt 0 ] || subjects=(go ccache npm)
project=$(readlink -f "$(dirname "$0")/../..")
work=$(mktemp -d "${TMPDIR:-/var/tmp}/stepbox-bench-XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export STEPBOX_WARM_STORE=$work/store

# For each subject: the warm cache, what makes the pristine checkout, what changes a line of it in round N, the build.
warm_go=go
prepare_go() {
  mkdir -p "$1/src/golang.org/x"
  cp -rL /usr/share/gocode/src/golang.org/x/{tools,mod,sys} "$1/src/golang.org/x"
}
change_go() { echo "var Stepbox$2 = 1" >> "$1/src/golang.org/x/tools/go/packages/packages.go"; }
build_go='export GO111MODULE=off GOPATH=$PWD GOFLAGS=-buildvcs=false; go build -o bin/ golang.org/x/tools/cmd/goimports golang.org/x/tools/cmd/guru golang.org/x/tools/cmd/callgraph'

warm_ccache=cpp
prepare_ccache() { cp -r "$project/launcher" "$project/policies" "$project/packaging" "$project/CMakeLists.txt" "$project/README.md" "$1"; }
change_ccache() { echo "// $2" >> "$1/launcher/plan/layout.cpp"; }
build_ccache='cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=Release -DSTEPBOX_TESTS=OFF -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >/dev/null && ninja -C build stepbox_plan >/dev/null'

warm_npm=node
prepare_npm() {
  echo '{"name": "bench", "version": "1.0.0", "dependencies": {"typescript": "5.4.5", "eslint": "8.57.0"}}' > "$1/package.json"
  (cd "$1" && npm install --package-lock-only --cache "$work/npm-once" >/dev/null 2>&1)
}
change_npm() { echo "// $2" >> "$1/index.js"; }
build_npm='npm ci --prefer-offline --no-audit --no-fund >/dev/null 2>&1 && test -d node_modules/typescript'

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# seconds CHECKOUT COMMAND...
seconds() {
  local begin=$EPOCHREALTIME
  (cd "$1" && shift && "$@") || { echo "failed: $*" >&2; exit 1; }
  echo "$begin $EPOCHREALTIME" | awk '{ printf "%.3f\n", $2 - $1 }'
}
fresh_checkout() {
  rm -rf "$work/checkout"
  cp -a "$work/$1" "$work/checkout"
  "change_$1" "$work/checkout" "$2"
}
bare() { env HOME="$work/home" XDG_CACHE_HOME="$work/home/.cache" sh -c "$1"; }
empty_home() { chmod -R u+w "$work/home" 2>/dev/null || true; rm -rf "$work/home"; mkdir "$work/home"; }
boxed() { "$stepbox" run --size 6GiB "${@:2}" -- sh -c "$1"; }

measure() {
  local subject=$1 build=build_$1 warm=warm_$1 round column
  local work_files=("$work/bare-cold" "$work/bare-warm" "$work/box-cold" "$work/box-warm")
  build=${!build} warm=${!warm}
  for column in "${work_files[@]}"; do : > "$column"; done
  mkdir "$work/$subject"
  "prepare_$subject" "$work/$subject"
  fresh_checkout "$subject" 0
  (cd "$work/checkout" && boxed "$build" --warm "$warm" --warm-save --summary never)
  for round in $(seq "$rounds"); do
    empty_home
    fresh_checkout "$subject" "a$round"; seconds "$work/checkout" bare "$build" >> "${work_files[0]}"
    fresh_checkout "$subject" "b$round"; seconds "$work/checkout" bare "$build" >> "${work_files[1]}"
    fresh_checkout "$subject" "c$round"; seconds "$work/checkout" boxed "$build" >> "${work_files[2]}"
    fresh_checkout "$subject" "d$round"; seconds "$work/checkout" boxed "$build" --warm "$warm" >> "${work_files[3]}"
  done
  for column in "${work_files[@]}"; do median < "$column"; done | paste -s | awk -v name="$subject" \
    '{ printf "%-8s bare cold %7.2f  bare warm %7.2f  box cold %7.2f  box --warm %7.2f  box --warm / bare warm %.2f\n", name, $1, $2, $3, $4, $4 / $2 }'
}

for subject in "${subjects[@]}"; do measure "$subject"; done
