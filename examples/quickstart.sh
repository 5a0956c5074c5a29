#!/bin/bash
# Installs missing packages, builds stepbox, runs a Go build in a box, and shows what is left afterwards: nothing. On
# Debian 12, as root or as a user with sudo; as often as you like, from any directory.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
if [ ! -t 1 ]; then say() { printf '\n== %s\n' "$*"; }; fi

say "packages"
packaging/apt-install.sh --for build go
echo "all there"

say "build"
cmake --preset release -DSTEPBOX_TESTS=OFF > /dev/null
cmake --build --preset release --parallel "$(nproc)" --target stepbox
stepbox=$PWD/build/release/launcher/cli/stepbox
"$stepbox" --version

if ! "$stepbox" doctor > /dev/null 2>&1; then
  say "this host cannot make a box"
  "$stepbox" doctor || true
  exit 125
fi

notes=$(mktemp -d "$PWD/build/quickstart.XXXXXX")
trap 'rm -rf "$notes"' EXIT
mark=stepbox-quickstart-$$

# Lists what the build could leave on the host, and says how much there is.
look() {
  # Ignores errors: missing places, and those that this user cannot read, so that none of its files are there.
  { find ~/.cache ~/go /tmp /var/tmp /dev/shm -xdev -user "$(id -u)" 2> /dev/null || true; } | sort > "$notes/files.$1"
  cut -d ' ' -f 5- /proc/self/mountinfo > "$notes/mounts.$1"
  grep -lsz "^QUICKSTART=$mark$" /proc/[0-9]*/environ > "$notes/processes.$1" || true
  printf '%-7s  %6d files in ~/.cache, ~/go, /tmp, /var/tmp, /dev/shm; %3d mounts; %d processes of the build\n' "$1" \
    "$(wc -l < "$notes/files.$1")" "$(wc -l < "$notes/mounts.$1")" "$(wc -l < "$notes/processes.$1")"
}

say "go vet, go test, go build in a box: examples/go"
look before
status=0
QUICKSTART=$mark STEPBOX=$stepbox examples/go/run.sh --summary always --report "$notes/report.json" || status=$?
look after

say "what is different afterwards"
different=0
for kind in files mounts processes; do
  if ! diff "$notes/$kind.before" "$notes/$kind.after" > "$notes/diff"; then
    different=1
    echo "$kind:"
    cat "$notes/diff"
  fi
done
[ "$different" = 1 ] || echo "nothing, but for the checkout, which keeps what was built:"
ls -l examples/go/bin/accesslog
printf '10.0.0.7 "GET /" 200 512\n10.0.0.8 "GET /api" 503 64\n10.0.0.7 "GET /api" 200 64\n' | examples/go/bin/accesslog

say "what the report says"
sed -n -e '/^  "outcome"/,/^  }/p' -e '/^  "usage"/,/^  }/p' -e '/^  "caches"/,/^  ]/p' -e '/^  "time"/,/^  }/p' \
  -e '/^  "teardown"/,/^  }/p' "$notes/report.json"

say "the same with room for 1 MiB of caches: the kernel refuses, and the last line names the tool that filled it"
STEPBOX=$stepbox examples/go/run.sh --volume cache=1MiB > "$notes/log" 2>&1 || true
tail -n 1 "$notes/log"

exit "$status"
