#!/bin/bash
# PID 1 of the emulated machine: mounts what a system has, runs the tests three times, says "guest: N failed" as its
# last word, and switches the machine off. bash reaps what becomes an orphan.
set -u

settings=/usr/lib/stepbox-vm
stepbox='' tests='' subjects=()
# shellcheck disable=SC1091
. $settings/settings
# As systemd sets them; the kernel's own are lower.
ulimit -Hn 524288
ulimit -Sn 1024
export PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root LANG=C.UTF-8 TERM=xterm STEPBOX=$stepbox
# Time limits of the tests are meant for real machines.
export STEPBOX_TEST_PATIENCE=10 STEPBOX_TEST_KILLS=8
uid=60123
user_group=/sys/fs/cgroup/user
failed=0

# Invoked by the trap.
# shellcheck disable=SC2317
switch_off() {
  echo "guest: $failed failed"
  sync
  echo o > /proc/sysrq-trigger
  sleep 60
}
trap switch_off EXIT

mount -t proc proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
ln -sf /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr
hostname guest
busybox ip link set lo up
chown $uid:$uid /home/tester

# As systemd leaves them: all controllers in use below the root, and a delegated group for the user.
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
read -ra controllers < /sys/fs/cgroup/cgroup.controllers
for controller in "${controllers[@]}"; do
  echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
done
mkdir -p $user_group/session
for controller in cpu memory pids; do echo "+$controller" > $user_group/cgroup.subtree_control; done
chown $uid:$uid $user_group $user_group/{cgroup.procs,cgroup.subtree_control,cgroup.threads}
chown -R $uid:$uid $user_group/session

# judge NAME COMMAND [ARG...]: shows what is worth knowing of its output.
judge() {
  local name=$1 started=$SECONDS status=0 word=ok
  shift
  timeout --kill-after=10 600 "$@" < /dev/null > /tmp/output 2>&1 || status=$?
  if [ $status != 0 ]; then
    failed=$((failed + 1))
    word="FAILED ($status)"
    # Names may be long, and the serial line is slow.
    cut --bytes=-1000 /tmp/output
  else
    grep -E '^(SKIPPED|kill):? ' /tmp/output
  fi
  printf '%-40s %4d s  %s\n' "$name" $((SECONDS - started)) "$word"
}

# shellcheck disable=SC2016
as_user=(sh -c 'echo $$ > "$0/session/cgroup.procs" && exec "$@"' "$user_group"
         setpriv "--reuid=$uid" "--regid=$uid" --clear-groups env HOME=/home/tester USER=tester)
as_root=(env STEPBOX_MUST_WORK=1)

# The subjects that suite $1 runs: those that were asked for, or every tag that is not left out.
subjects_of() {
  if [ ${#subjects[@]} -gt 0 ]; then
    printf '%s\n' "${subjects[@]}"
  else
    "$tests/feature/feature_tests" --list-tags 2> /tmp/output | sed -n 's/^ *[0-9]*  \[\([a-z-]*\)\]$/\1/p' |
      grep -v -x -f <(sed -n -E "s/^([a-z-]+) +(all|$1) .*/\1/p" $settings/left_out)
  fi
}

# suite NAME COMMAND...: all of it below that command.
suite() {
  local name=$1 wanted subject
  shift
  echo "== the suite as $name"
  mapfile -t wanted < <(subjects_of "$name")
  judge "$name: there is something to run" test ${#wanted[@]} -gt 0
  if [ ${#subjects[@]} = 0 ]; then judge "$name: unit tests" "$@" "$tests/unit/unit_tests"; fi
  for subject in "${wanted[@]}"; do
    judge "$name: $subject" "$@" "$tests/feature/feature_tests" "[$subject]" --order decl --warn NoTests
  done
}

echo "guest: Linux $(uname -r), cgroup v2: ${controllers[*]}, $(nproc) processors"
# Cases for root are passed over by a user; nothing else may be missing.
suite root "${as_root[@]}"
suite user "${as_user[@]}"

echo "== user namespaces for root only"
echo 0 > /proc/sys/kernel/unprivileged_userns_clone
judge "user namespaces for root only" "${as_root[@]}" "$tests/feature/feature_tests" \
  "[.user-namespaces-for-root-only]" --warn NoTests
exit
