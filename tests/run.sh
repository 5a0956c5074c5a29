#!/bin/bash
# Everything that must pass before a change goes in: builds twice (optimised, and with sanitizers), runs all tests of
# both, runs the kernel-dependent ones on a second kernel too, and runs every example. On Debian 12, as root or as a
# user with sudo; from any directory.
#
#     tests/run.sh [--quick]
#
#   --quick   only the optimised build with its unit and feature tests: minutes, for use while you work on a change
#
# As root the tests run as root and as an ordinary user. With CI=true, a test that cannot run here is a failure.
set -uo pipefail

quick=no
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "tests/run.sh: unknown argument '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
cd "$(dirname "$0")/.." || exit 1

jobs=$(nproc)
if [ "${CI:-}" = true ]; then export STEPBOX_MUST_WORK=1; fi

build() { cmake --preset "$1" -DSTEPBOX_TESTS=ON && cmake --build --preset "$1" --parallel "$jobs" -- -k 0; }
# The targets that --quick needs, without measuring and packaging.
quick_targets=(stepbox stepbox-warm unit_tests feature_tests steps)
build_quickly() {
  cmake --preset release -DSTEPBOX_TESTS=ON && cmake --build --preset release --parallel "$jobs" --target "${quick_targets[@]}"
}
# The feature tests run side by side where each can be isolated from the machine; a line here says where they cannot.
check() {
  tests/feature/isolated.sh true
  ctest --preset "$1" --timeout 600 --parallel "$jobs"
}
scripts() {
  local script
  while IFS= read -r script; do bash -n "$script" || return 1; done < <(find examples tests packaging .ci -name '*.sh' -o -path .ci/run)
}

results=()
failures=0

# stage NAME COMMAND [ARG...]
stage() {
  local name=$1 started=$SECONDS status
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    status=ok
  else
    status=FAILED
    failures=$((failures + 1))
  fi
  results+=("$(printf '%-7s %5d s  %s' "$status" $((SECONDS - started)) "$name")")
  [ "$status" = ok ]
}

skipped() { results+=("$(printf '%-15s  %s' 'not run' "$1")"); }

quick_stages() {
  stage "packages" packaging/apt-install.sh --for build tests
  if stage "build: release" build_quickly; then
    stage "tests: release" check release
  else
    skipped "tests: release"
  fi
}

all_stages() {
  local preset
  stage "packages" packaging/apt-install.sh --for build tests vm go examples
  for preset in release sanitize; do
    if stage "build: $preset" build "$preset"; then
      stage "tests: $preset" check "$preset"
    else
      skipped "tests: $preset"
    fi
  done
  if [ -x build/release/tests/feature/feature_tests ]; then
    stage "tests: release, Linux 6.1 and cgroup v2" tests/vm/run.sh
  else
    skipped "tests: release, Linux 6.1 and cgroup v2"
  fi
  if [ -x build/release/launcher/cli/stepbox ] && [ -d build/release/tests/steps/bin ]; then
    stage "faults at system calls, short form" tests/faults/run.sh --quick
  else
    skipped "faults at system calls, short form"
  fi
  if [ -x build/release/launcher/cli/stepbox ]; then
    stage "examples" tests/examples/run.sh build/release/launcher/cli/stepbox
    stage "manual pages and completions" tests/examples/check_documentation.sh build/release/launcher/cli/stepbox
    stage "blocks of README and manual pages" tests/pages/run.py build/release/launcher/cli/stepbox
  else
    skipped "examples"
    skipped "manual pages and completions"
    skipped "blocks of README and manual pages"
  fi
  stage "scripts can be parsed" scripts
}

if [ "$quick" = yes ]; then quick_stages; else all_stages; fi

printf '\n== summary (%d s, uid %d)\n' "$SECONDS" "$(id -u)"
printf '%s\n' "${results[@]}"
if [ "$failures" -gt 0 ]; then
  echo "$failures stages failed"
  exit 1
fi
echo "all passed"
