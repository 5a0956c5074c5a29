#!/bin/bash
# PID 1 of the emulated machine: mounts what a system has, runs the jobs that the host names one after the other, says
# "guest: N failed" as its last word, and switches the machine off. bash reaps orphans.
set -u

settings=/usr/lib/stepbox-vm
stepbox='' tests=''
# shellcheck disable=SC1091
. $settings/settings
# The values that systemd sets; the kernel's own are lower.
ulimit -Hn 524288
ulimit -Sn 1024
export PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root LANG=C.UTF-8 TERM=xterm STEPBOX=$stepbox
# The tests' time limits are meant for real machines.
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

# The state in which systemd leaves them: all controllers in use below the root, and a delegated group for the user.
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
read -ra controllers < /sys/fs/cgroup/cgroup.controllers
for controller in "${controllers[@]}"; do
  echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
done
mkdir -p $user_group/session
for controller in cpu memory pids; do echo "+$controller" > $user_group/cgroup.subtree_control; done
chown $uid:$uid $user_group $user_group/{cgroup.procs,cgroup.subtree_control,cgroup.threads}
chown -R $uid:$uid $user_group/session

# judge NAME COMMAND [ARG...]: shows the lines of its output that are worth knowing.
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

# ---- Jobs, one a line on the second serial port ---------------------------------------------------------
#
#   root SUBJECT    a subject of the feature tests by root, whose cases try an ordinary user as well
#   user SUBJECT    the same by an ordinary user
#   closed SUBJECT  the same by root, while only root can make user namespaces
#   unit TAGS       unit tests
#   end

feature() { judge "$1" "${@:3}" "$tests/feature/feature_tests" "[$2]" --order decl --warn NoTests; }

# by SUITE SUBJECT
by() {
  case $1 in
    root) feature "$1: $2" "$2" "${as_root[@]}" ;;
    # Cases that need root are skipped; nothing else may be missing.
    user) feature "$1: $2" "$2" "${as_user[@]}" ;;
    closed)
      echo 0 > /proc/sys/kernel/unprivileged_userns_clone
      feature "$1: $2" "$2" "${as_root[@]}"
      echo 1 > /proc/sys/kernel/unprivileged_userns_clone
      ;;
    unit) judge "$1: $2" "${as_root[@]}" "$tests/unit/unit_tests" "$2" --warn NoTests ;;
    *) judge "a job: $1 $2" false ;;
  esac
}

echo "guest: Linux $(uname -r), cgroup v2: ${controllers[*]}, $(nproc) processors"
exec 3<> /dev/ttyS1
stty raw -echo <&3
while echo next >&3 && IFS=' ' read -r suite subject <&3 && [ "$suite" != end ]; do by "$suite" "$subject" 3<&-; done
exit
