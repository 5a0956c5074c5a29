#!/bin/bash
# Runs the tests on a second kernel: Debian's 6.1, where all controllers are those of cgroup v2, in an emulated machine.
#
#   tests/vm/run.sh [--stepbox PATH] [--tests DIR] [--keep] [SUBJECT...]
#
#   --stepbox PATH   what is tested; default: build/release/launcher/cli/stepbox
#   --tests DIR      the built tests; default: build/release/tests
#   --keep           do not remove the folder with the disk, and say where it is
#   SUBJECT          only these subjects of the feature tests; default: all but those in tests/vm/left_out
#
# Needs no root. Plain emulation, since few CI machines have a KVM that works: everything takes about ten times as
# long as it does here. The kernel's package is fetched once, into build/vm, and installed nowhere.
#
# What cannot be had here is a loud skip; with STEPBOX_MUST_WORK=1 it is a failure.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
cache=$project/build/vm
stepbox=$project/build/release/launcher/cli/stepbox
tests=$project/build/release/tests
keep=no
limit=2700  # seconds for the whole machine; a guest that hangs is ended

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
    --stepbox | --tests) [ $# -ge 2 ] || fail "$1 lacks its value; see --help" ;;
    -*) fail "unknown option '$1'; see --help" ;;
    *) break ;;
  esac
  case $1 in
    --stepbox) stepbox=$(realpath "$2") ;;
    --tests) tests=$(realpath "$2") ;;
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

# ---- The machine ----------------------------------------------------------------------------------

# shellcheck source=tests/vm/folder.sh
. "$here/folder.sh"
# Not below /tmp, which may be a small tmpfs.
make_folder /var/tmp/stepbox-vm || fail "cannot make a folder in /var/tmp"
work=$folder
machine=
# Invoked by the trap.
# shellcheck disable=SC2317
clean_up() {
  if [ -n "$machine" ] && kill "$machine" 2> /dev/null; then wait "$machine" || true; fi
  if [ "$keep" = yes ]; then echo "kept: $(keep_folder)" >&2; else remove_folder; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

"$here/make_disk.sh" "$work" "$kernel" "$stepbox" "$tests" "$@"

version=$(basename "$kernel/lib/modules/"*)
echo "emulating Linux $version"
# PDEATHSIG, since a SIGKILL of this script runs no trap.
setpriv --pdeathsig TERM timeout --kill-after=5 "$limit" \
  qemu-system-x86_64 -M q35 -cpu max -m 2048 -smp 2 -accel tcg -nodefaults -display none -no-reboot -serial stdio \
  -kernel "$kernel/boot/vmlinuz-$version" -initrd "$work/initramfs" \
  -append "console=ttyS0 quiet panic=-1 cgroup_no_v1=all" \
  -drive "file=$work/disk,format=raw,if=none,id=disk,cache=unsafe" -device virtio-blk-pci,drive=disk \
  < /dev/null > >(sed --unbuffered 's,\r,,g' | tee "$work/log") &
machine=$!
status=0
wait "$machine" || status=$?
machine=

[ $status != 124 ] || fail "the machine was ended after $limit s"
[ $status = 0 ] || fail "qemu-system-x86_64 ended with $status"
# The pipe is read to its end by another process.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  if tail -n 5 "$work/log" | grep -q '^guest: [0-9]* failed$'; then break; fi
  sleep 0.2
done
tail -n 5 "$work/log" | grep -q '^guest: 0 failed$' || fail "not everything passed in the machine"
