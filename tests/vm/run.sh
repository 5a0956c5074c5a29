#!/bin/bash
# Runs tests on a second kernel: Debian's 6.1, with all controllers in cgroup v2, in emulated machines. Runs each test
# that depends on the kernel or on cgroup v2 once; tests/vm/left_out names the others.
#
#   tests/vm/run.sh [--stepbox PATH] [--tests DIR] [--machines N] [--keep] [SUBJECT...]
#
#   --stepbox PATH   the stepbox to test; default: build/release/launcher/cli/stepbox
#   --tests DIR      the built tests; default: build/release/tests
#   --machines N     how many machines share the work; default: one per processor, at most 2
#   --keep           do not remove the folder with the disk, and say where it is
#   SUBJECT          only these subjects of the feature tests; default: all but those in tests/vm/left_out
#
# Needs no root. Plain emulation, since few CI machines have a working KVM: everything takes about ten times as long as
# on the host. The script downloads the kernel's package once, into build/vm, and installs it nowhere. The output of the
# machines stays in build/vm/log.
#
# What cannot be tested here is a loud skip; with STEPBOX_MUST_WORK=1 it is a failure.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
cache=$project/build/vm
stepbox=$project/build/release/launcher/cli/stepbox
tests=$project/build/release/tests
keep=no
machines=$(nproc)
machines=$((machines < 2 ? machines : 2))
limit=2700  # seconds for a whole machine; a hanging one is killed

# Subjects for an ordinary user's suite too. All others do the same there as root's suite does as a user.
as_user=(fresh limits refusal)
# These run first, so that no machine still has a long one when the others have nothing more to do.
slow_first=(kill hostile seccomp without-box quota limits)
# Unit tests that ask the kernel; the others give the same result everywhere.
unit_tags='[sys]~[remove-tree],[process-memory],[private]'

fail() {
  echo "tests/vm/run.sh: $1" >&2
  exit 1
}

# skip WHAT REMEDY
skip() {
  echo "SKIPPED: the tests on a second kernel: $1; remedy: $2" >&2
  if [ "${STEPBOX_MUST_WORK:-0}" = 1 ]; then exit 1; fi
  exit 0
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --keep) keep=yes; shift; continue ;;
    --stepbox | --tests | --machines) [ $# -ge 2 ] || fail "$1 lacks its value; see --help" ;;
    -*) fail "unknown option '$1'; see --help" ;;
    *) break ;;
  esac
  case $1 in
    --stepbox) stepbox=$(realpath "$2") ;;
    --tests) tests=$(realpath "$2") ;;
    --machines) machines=$2 ;;
  esac
  shift 2
done

# ---- What it takes --------------------------------------------------------------------------------

[ -x "$stepbox" ] || fail "there is no stepbox at '$stepbox': build it, or name it with --stepbox"
[ -x "$tests/feature/feature_tests" ] || fail "there are no tests at '$tests': build them, or name them with --tests"
[ "$(uname -m)" = x86_64 ] || skip "the emulated machine is x86-64, this one is $(uname -m)" "run them on x86-64"

# tool=package
for need in qemu-system-x86_64=qemu-system-x86 cpio=cpio busybox=busybox-static mke2fs=e2fsprogs \
            setpriv=util-linux bwrap=bubblewrap less=less; do
  PATH=$PATH:/usr/sbin:/sbin command -v "${need%%=*}" > /dev/null ||
    skip "there is no ${need%%=*}" "apt-get install ${need#*=}"
done

# The folder with the kernel and its modules; unpacked once per version.
kernel_folder() {
  local package folder new
  package=$(apt-cache depends linux-image-cloud-amd64 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
  [ -n "$package" ] || return 1
  folder=$cache/$package
  if [ ! -d "$folder" ]; then
    mkdir -p "$cache"
    new=$(mktemp -d "$cache/fetch.XXXXXX")
    if (cd "$new" && apt-get download "$package" > log 2>&1 && dpkg-deb -x ./*.deb unpacked) >&2; then
      mv "$new/unpacked" "$folder"
    else
      cat "$new/log" >&2
    fi
    rm -rf "$new"
  fi
  [ -d "$folder" ] && echo "$folder"
}

kernel=$(kernel_folder) ||
  skip "apt-get cannot download Debian's kernel (linux-image-cloud-amd64)" "apt-get update, with Debian's archive"

# ---- The work -------------------------------------------------------------------------------------

# Every tag of the feature tests that is not left out.
subjects_here() {
  # It returns the number of tags.
  { "$tests/feature/feature_tests" --list-tags 2> /dev/null || true; } | sed -n 's/^ *[0-9]*  \[\([a-z-]*\)\]$/\1/p' |
    grep -v -x -F -f <(sed -n -E 's/^([a-z-]+) .*/\1/p' "$here/left_out")
}

# The jobs of guest/run_tests.sh, slow ones first.
all_jobs() {
  local wanted slow
  if [ $# -gt 0 ]; then
    printf 'root %s\n' "$@"
    printf 'user %s\n' "$@"
    return
  fi
  wanted=$(subjects_here)
  slow=$(printf '%s\n' "${slow_first[@]}")
  printf '%s\n' "$slow" | grep -x -F "$wanted" | sed 's/^/root /'
  echo "unit $unit_tags"
  printf '%s\n' "$wanted" | grep -v -x -F "$slow" | sed 's/^/root /'
  printf 'user %s\n' "${as_user[@]}"
  echo "closed .user-namespaces-for-root-only"
}

# ---- The machines ---------------------------------------------------------------------------------

# shellcheck source=tests/vm/folder.sh
. "$here/folder.sh"
# Not below /tmp, which may be a small tmpfs.
make_folder /var/tmp/stepbox-vm || fail "cannot make a folder in /var/tmp"
work=$folder
started=() servers=()
# Invoked by the trap.
# shellcheck disable=SC2317
clean_up() {
  local pid
  for pid in "${started[@]}" "${servers[@]}"; do
    if kill "$pid" 2> /dev/null; then wait "$pid" || true; fi
  done
  if [ "$keep" = yes ]; then echo "kept: $(keep_folder)" >&2; else remove_folder; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

all_jobs "$@" > "$work/jobs"
"$here/make_disk.sh" "$work" "$kernel" "$stepbox" "$tests"

# Answers every line of a machine with the next job, or with "end". All servers read from one descriptor, 8.
serve() {
  local job
  exec 7< "$work/jobs"
  while read -r _; do
    flock 7
    IFS= read -r job <&8 || job=end
    flock --unlock 7
    echo "$job"
  done
}

# start NUMBER: a machine that asks for jobs on its second serial port.
start() {
  local asks=$work/asks.$1
  mkfifo "$asks.in" "$asks.out"
  serve <> "$asks.out" > "$asks.in" &
  servers+=($!)
  # TMPDIR takes the guest's writes to its disk. PDEATHSIG is needed because a SIGKILL of this script runs no trap.
  TMPDIR=$work setpriv --pdeathsig TERM timeout --kill-after=5 "$limit" \
    qemu-system-x86_64 -M q35 -cpu max -m 2048 -smp 2 -accel tcg -nodefaults -display none -no-reboot \
    -serial stdio -chardev "pipe,id=asks,path=$asks" -serial chardev:asks \
    -kernel "$kernel/boot/vmlinuz-$version" -initrd "$work/initramfs" \
    -append "console=ttyS0 quiet loglevel=3 panic=-1 no_timer_check cgroup_no_v1=all" \
    -drive "file=$work/disk,format=raw,if=none,id=disk,cache=unsafe,snapshot=on" -device virtio-blk-pci,drive=disk \
    < /dev/null 8<&- > >(sed --unbuffered -e 's,\r,,g' -e "s,^,$1| ," | tee "$work/log.$1") &
  started+=($!)
}

# Another process reads the pipe of a log to its end.
all_passed() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if tail -n 5 "$1" | grep -q 'guest: [0-9]* failed$'; then break; fi
    sleep 0.2
  done
  tail -n 5 "$1" | grep -q 'guest: 0 failed$'
}

version=$(basename "$kernel/lib/modules/"*)
echo "emulating Linux $version: $machines machines, $(wc -l < "$work/jobs") jobs"
exec 8< "$work/jobs"
for ((number = 1; number <= machines; ++number)); do start "$number"; done

failures=0
for ((number = 1; number <= machines; ++number)); do
  status=0
  wait "${started[number - 1]}" || status=$?
  case $status in
    0) all_passed "$work/log.$number" || complaint="not everything passed in machine $number" ;;
    124) complaint="machine $number was ended after $limit s" ;;
    *) complaint="qemu-system-x86_64 ended with $status" ;;
  esac
  if [ -n "${complaint:-}" ]; then
    echo "tests/vm/run.sh: $complaint" >&2
    failures=$((failures + 1))
    complaint=
  fi
done
started=()
cat "$work"/log.* > "$cache/log"
if read -r job <&8; then fail "no machine was left for '$job' and what comes after it"; fi
[ "$failures" = 0 ] || fail "see $cache/log: $(grep -c '  FAILED' "$cache/log" || true) jobs failed"
