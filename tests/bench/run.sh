#!/bin/bash
# Measures stepbox against its peers on this machine, and prints the results. Installs nothing and judges nothing:
# a figure from one machine on one day is no promise; the ratios of paired runs say most.
#
#   tests/bench/run.sh [--quick] [--stepbox PATH] [--build DIR] [--user NAME] [--linux-sandbox PATH]
#
#   --quick                few runs of everything: shows whether it works, not how fast it is
#   --stepbox PATH         the stepbox to measure; default: DIR/launcher/cli/stepbox
#   --build DIR            a configured build directory, for the measuring programs; default: build/release
#   --user NAME            when run as root, measures everything again as this user; default: nobody
#   --linux-sandbox PATH   Bazel's sandbox, where the script does not find it
set -eu

project=$(cd "$(dirname "$0")/../.." && pwd)
build=$project/build/release
user=nobody
quick=no
stepbox=
linux_sandbox=
work=        # set in the second half, which runs as $user: the folder that root has prepared

fail() {
  echo "run.sh: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes; shift; continue ;;
    --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  esac
  [ $# -ge 2 ] || fail "'$1' is unknown or lacks its value; see --help"
  case $1 in
    --stepbox) stepbox=$2 ;;
    --build) build=$2 ;;
    --user) user=$2 ;;
    --linux-sandbox) linux_sandbox=$2 ;;
    --second-half-in) work=$2 ;;
    *) fail "unknown option '$1'; see --help" ;;
  esac
  shift 2
done

if [ $quick = yes ]; then
  pairs=15 seconds=0.5 rounds=1 files=4 compiles=2
else
  pairs=200 seconds=2 rounds=5 files=12 compiles=7
fi

# ---- Preparing ------------------------------------------------------------------------------------

# Copies every program to a place that all users can reach.
prepare() {
  : "${stepbox:=$build/launcher/cli/stepbox}"
  [ -x "$stepbox" ] || fail "there is no stepbox at '$stepbox': build it, or name it with --stepbox"
  [ -f "$build/CMakeCache.txt" ] || fail "'$build' is not configured: cmake --preset release, or name another with --build"
  cmake --build "$build" --target bench_pair bench_floor -- -j2 >/dev/null
  work=$(mktemp -d /tmp/stepbox-bench.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  install -m 755 "$stepbox" "$work/stepbox"
  install -m 755 "$build/tests/bench/bench_pair" "$build/tests/bench/bench_floor" "$0" "$work"
}

# The first that exists: the option, PATH, Debian's place, Bazel's copy for this user.
find_linux_sandbox() {
  local candidate
  for candidate in "$linux_sandbox" "$(command -v linux-sandbox || true)" /usr/share/bazel/linux-sandbox \
                   "${HOME:-/nonexistent}"/.cache/bazel/_bazel_*/install/*/linux-sandbox; do
    if [ -x "$candidate" ]; then echo "$candidate"; return; fi
  done
}

# ---- Contenders -----------------------------------------------------------------------------------

first_line_of() { grep -m 1 . "$1" || echo "no message"; }

# add NAME COMMAND...: another contender, if it runs here at all.
add() {
  local name=$1 errors
  shift
  errors=$(mktemp)
  if timeout 20 "$@" </dev/null >/dev/null 2>"$errors"; then
    contenders+=(::: "$name" "$@")
  else
    echo "not measured: $name does not run here: $(first_line_of "$errors")"
  fi
  rm -f "$errors"
}

# add_installed PROGRAM HOW-TO-GET-IT NAME COMMAND...
add_installed() {
  local program=$1 remedy=$2
  shift 2
  if command -v "$program" >/dev/null; then add "$@"; else echo "not measured: $1 is missing: $remedy"; fi
}

# Bare, with one tmpfs: the least that deserves the name of a box.
bwrap=(bwrap --bind / / --tmpfs /tmp --proc /proc --dev /dev --unshare-pid --unshare-ipc --unshare-uts)

add_stepbox() {
  add stepbox "$work/stepbox" run -- "$@"
  [ ${#contenders[@]} -gt 0 ] || fail "stepbox does not run here, so there is nothing to compare"
}
add_bubblewrap() { add_installed bwrap "apt-get install bubblewrap" bubblewrap "${bwrap[@]}" "$@"; }

all_contenders() {
  contenders=()
  add_stepbox true
  add true true
  add floor "$work/bench_floor" true
  add_bubblewrap true
  add_installed firejail "apt-get install firejail" firejail firejail --quiet --noprofile --private-tmp true
  local sandbox
  sandbox=$(find_linux_sandbox)
  add_installed "${sandbox:-linux-sandbox}" \
    "apt-get install bazel-bootstrap, or unpack that package anywhere (apt-get download, dpkg-deb -x) and name it with --linux-sandbox" \
    linux-sandbox "${sandbox:-linux-sandbox}" -- true
}

boxes_only() {
  contenders=()
  add_stepbox "$@"
  add_bubblewrap "$@"
}

# ---- Measuring ------------------------------------------------------------------------------------

heading() { printf '\n== %s, as %s\n' "$1" "$(id -un)"; }

start_and_teardown() {
  heading "start and teardown of true"
  all_contenders
  "$work/bench_pair" ratio --pairs $pairs "${contenders[@]}"
}

# The cost of each protection beyond the default, or of its absence, in start and teardown.
protections() {
  heading "start and teardown of true, by protection"
  local all=(--limit memory=1GiB --limit processes=1000 --limit cpu=2)
  contenders=()
  add_stepbox true
  add "seccomp off" "$work/stepbox" run --seccomp off -- true
  add "seccomp strict" "$work/stepbox" run --seccomp strict -- true
  add deadline "$work/stepbox" run --timeout 1h -- true
  add "memory limit" "$work/stepbox" run --limit memory=1GiB -- true
  add "all limits" "$work/stepbox" run "${all[@]}" --timeout 1h -- true
  add "isolation landlock" "$work/stepbox" run --summary never --isolation landlock -- true
  add "isolation env" "$work/stepbox" run --summary never --isolation env -- true
  add floor "$work/bench_floor" true
  add_bubblewrap true
  "$work/bench_pair" ratio --pairs $pairs "${contenders[@]}"
  heading "start and teardown of true with limits"
  contenders=()
  add "all limits" "$work/stepbox" run "${all[@]}" --timeout 1h -- true
  if [ ${#contenders[@]} -eq 0 ]; then return; fi
  add floor "$work/bench_floor" true
  add "floor and groups" "$work/bench_floor" --groups true
  add_bubblewrap true
  "$work/bench_pair" ratio --pairs $pairs "${contenders[@]}"
}

many_at_once() {
  heading "boxes per second"
  boxes_only true
  local in_flight
  for in_flight in 1 2 8 64; do
    "$work/bench_pair" rate --in-flight $in_flight --seconds $seconds --rounds $rounds "${contenders[@]}"
  done
}

while_the_step_runs() {
  heading "the supervisor while the step sleeps"
  boxes_only sleep 2
  "$work/bench_pair" supervisor "${contenders[@]}"
  heading "the supervisor while the step writes files"
  # shellcheck disable=SC2016  # for the shell in the box
  boxes_only sh -c 'end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do head -c 4000000 /dev/zero >/tmp/file; done'
  "$work/bench_pair" supervisor "${contenders[@]}"
}

# Typical C++: templates and headers, one object per source.
write_sources() {
  local folder=$1 i
  mkdir -p "$folder"
  for ((i = 0; i < files; ++i)); do
    cat >"$folder/part$i.cpp" <<SOURCE
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>
std::vector<std::string> words_$i(std::istream& input) {
  std::map<std::string, int> seen;
  for (std::string word; input >> word;) ++seen[word];
  std::vector<std::string> words;
  for (const auto& [word, count] : seen) words.push_back(word + std::to_string(count + $i));
  std::sort(words.begin(), words.end());
  return words;
}
SOURCE
  done
  cat >"$folder/Makefile" <<'MAKEFILE'
CXXFLAGS := -O1 -std=c++20
all: $(patsubst %.cpp,%.o,$(wildcard *.cpp))
MAKEFILE
}

real_compile() {
  heading "make -j2 of $files C++ files, inside and outside"
  if ! command -v make >/dev/null || ! command -v c++ >/dev/null; then
    echo "not measured: there is no make or compiler: apt-get install make g++"
    return
  fi
  local folder
  folder=$work/$(id -un)/compile
  write_sources "$folder"
  cd "$folder"
  contenders=()
  add_stepbox make -B -s -j2
  add outside make -B -s -j2
  "$work/bench_pair" ratio --pairs $compiles "${contenders[@]}"
}

measure() {
  # The project's folder is a typical checkout; a user who may not enter it starts elsewhere.
  cd "$project" 2>/dev/null || cd "$work/$(id -un)"
  start_and_teardown
  protections
  many_at_once
  while_the_step_runs
  real_compile
}

# The same as an ordinary user: a fresh home, nothing of root's environment but PATH.
measure_as_user() {
  local folder=$work/$user
  mkdir "$folder"
  chown "$user" "$folder"
  local options=(--second-half-in "$work")
  [ $quick = no ] || options+=(--quick)
  [ -z "$linux_sandbox" ] || options+=(--linux-sandbox "$linux_sandbox")
  cd "$folder"
  setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
    env -i PATH="$PATH" HOME="$folder" USER="$user" LOGNAME="$user" "$work/run.sh" "${options[@]}"
}

if [ -n "$work" ]; then
  project=$PWD
  measure
  exit
fi
prepare
mkdir -p "$work/$(id -un)"
echo "Linux $(uname -r), $(nproc) processors, $(date +%F)"
measure
if [ "$(id -u)" -eq 0 ]; then measure_as_user; fi
