#!/bin/bash
# Everything that must hold before a change goes in: builds twice (optimised, and with sanitizers), runs all
# tests of both, those of the optimised one on a second kernel too, and every example. On Debian 12, as root or as a
# user with sudo; from any directory.
#
#     tests/run.sh
#
# As root the tests run as root and as an ordinary user. With CI=true, what cannot be tested here is a failure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

jobs=$(nproc)
if [ "${CI:-}" = true ]; then export STEPBOX_MUST_WORK=1; fi

build_packages=(cmake g++ make ninja-build pkg-config libboost-dev libboost-filesystem-dev libcli11-dev libfmt-dev
                libseccomp-dev libspdlog-dev libyaml-cpp-dev nlohmann-json3-dev)
test_packages=(acl libcap2-bin catch2 bubblewrap dpkg-dev fakeroot tmux strace gdb python3 python3-yaml util-linux procps git openssh-client mandoc)
vm_packages=(qemu-system-x86 busybox-static cpio e2fsprogs less)  # tests/vm
# What the examples build with. Installed where there is no such program in the system's directories: an
# ordinary user cannot use one in root's home.
example_tools=(go=golang-go cargo=cargo npm=npm mvn=maven javac=default-jdk-headless python3=python3)
example_packages=(python3-venv libmaven-compiler-plugin-java libmaven-jar-plugin-java libmaven-resources-plugin-java
                  libsurefire-java junit4)

packages() {
  local wanted=("${build_packages[@]}" "${test_packages[@]}" "${vm_packages[@]}" "${example_packages[@]}") entry
  for entry in "${example_tools[@]}"; do
    PATH=/usr/local/bin:/usr/bin:/bin command -v "${entry%%=*}" > /dev/null || wanted+=("${entry#*=}")
  done
  packaging/apt-install.sh "${wanted[@]}"
}

build() { cmake --preset "$1" -DSTEPBOX_TESTS=ON && cmake --build --preset "$1" --parallel "$jobs" -- -k 0; }
check() { ctest --preset "$1" --timeout 600 --parallel "$jobs"; }
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

stage "packages" packages
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
  stage "what README and manual pages show" tests/pages/run.py build/release/launcher/cli/stepbox
else
  skipped "examples"
  skipped "manual pages and completions"
  skipped "what README and manual pages show"
fi
stage "scripts can be parsed" scripts

printf '\n== summary (%d s, uid %d)\n' "$SECONDS" "$(id -u)"
printf '%s\n' "${results[@]}"
if [ "$failures" -gt 0 ]; then
  echo "$failures stages failed"
  exit 1
fi
echo "all passed"
