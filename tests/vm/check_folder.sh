#!/bin/bash
# Checks that the folder of tests/vm/run.sh is removed however the script ends (folder.sh).
set -uo pipefail
# shellcheck source=tests/vm/folder.sh
. "$(dirname "$0")/folder.sh"
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
failures=0

# check WHAT COMMAND...: the command must become true.
check() {
  local what=$1 i
  shift
  for ((i = 0; i < 1000; ++i)); do
    if "$@"; then
      echo "ok: $what"
      return
    fi
    sleep 0.01
  done
  echo "FAILED: $what"
  failures=$((failures + 1))
}
is_empty() { [ -z "$(ls -A "$place")" ]; }
is_gone() { ! kill -0 "$1" 2> /dev/null; }

# A script that prints its folder, and starts a process that uses it. The word that it reads says how it ends.
script() {
  make_folder "$place/f"
  echo x > "$folder/file"
  sleep 1000 &
  echo "$BASHPID $! $folder_sweeper"
  read -r how
  kill "$!"
  case $how in remove) remove_folder ;; keep) keep_folder > /dev/null ;; esac
}

# begin: starts such a script; sets $script, $user and $sweeper, and makes descriptor 8 its stdin.
begin() {
  coproc RUN { script; }
  read -r script user sweeper <&"${RUN[0]}"
  exec 8>&"${RUN[1]}"
}

begin
echo remove >&8
check "a script that ends removes its folder" is_gone "$script"
check "... before it ends" is_empty

begin
kill -KILL "$script"
check "a script is killed" is_gone "$script"
if is_empty; then echo "FAILED: the folder is gone while a process uses it"; failures=$((failures + 1)); fi
kill "$user"
check "the folder of a killed script is gone when its last process has ended" is_empty

begin
kill -KILL "$script" "$sweeper" "$user"
check "script, sweeper and user are killed" is_gone "$sweeper"
if is_empty; then echo "FAILED: the folder is gone, but no process could remove it"; failures=$((failures + 1)); fi
begin
echo remove >&8
check "the next script removes an unlocked folder" is_empty

begin
first=$script
echo keep >&8
check "a script can keep its folder" is_gone "$first"
begin
echo remove >&8
check "the next script has ended" is_gone "$script"
check "... and leaves the folder that was kept" test -f "$place"/f-kept.??????/file

[ "$failures" = 0 ]
