#!/bin/bash
# Injects a fault into every system call of some runs, one at a time, and judges how the run ends. A fault is an error,
# or SIGKILL, at the N-th call of each process. A run is unclean when it hangs; leaves a process, a mount, a control
# group or a file; succeeds although the step did not run; crashes; says nothing; or silently gives the step less
# isolation than the same run without a fault.
#
#   tests/faults/run.sh [--quick] [--stepbox PATH] [--steps DIR] [--most N] [--workers N]
#                       [--scenario NAME]... [--only FAULT]...
#
#   --quick          a part of the faults, the same ones each time: about a minute
#   --stepbox PATH   the stepbox to test; default: build/release/launcher/cli/stepbox
#   --steps DIR      the built programs of tests/steps; default: build/release/tests/steps/bin
#   --most N         how many calls of each name; default: 5
#   --workers N      concurrent runs; default: the number of processors
#   --scenario NAME  only this one (see tests/faults/scenarios.py)
#   --only FAULT     SCENARIO:CALL:ERRNO-or-SIGKILL:N, as the report names it; shows the run's output
#
# Root runs all scenarios, an ordinary user those of an ordinary user. Exits with 1 when there is an unclean run that
# tests/faults/exceptions does not name. What cannot be tested here is a loud skip; with STEPBOX_MUST_WORK=1 a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" = --help ]; then sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0; fi

# skip WHAT REMEDY
skip() {
  echo "SKIPPED: fault injection: $1; remedy: $2" >&2
  if [ "${STEPBOX_MUST_WORK:-0}" = 1 ]; then exit 1; fi
  exit 0
}
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || skip "there is no python3" "apt-get install python3"
command -v strace > /dev/null || skip "there is no strace" "apt-get install strace"
strace -f -qq -o /dev/null -e trace=getppid -e inject=getppid:error=EIO true 2> /dev/null ||
  skip "strace cannot inject here" "strace 5 or newer, and a container that allows ptrace(2)"
exec "$python" -B "$here/inject.py" "$@"
