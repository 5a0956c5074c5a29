#!/bin/bash
# That the folder of tests/vm/run.sh goes however the script ends (folder.sh).
set -uo pipefail
# shellcheck source=tests/vm/folder.sh
. "$(dirname "$0")/folder.sh"
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
failures=0

# check WHAT COMMAND...: the command must come true.
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

# A script that says which folder it has, and starts something that uses it until $place.go is written to. Ends by what it reads.
script() {
  make_folder "$place/f"
  echo x > "$folder/file"
  sleep 1000 &
  echo "$BASHPID $! $folder_sweeper"
  read -r how
  kill "$!"
  case $how in remove) remove_folder ;; keep) keep_folder > /dev/null ;; esac
}

# begin: starts one; sets $script, $user and $sweeper, and its stdin is descriptor 8.
begin() {
  coproc RUN { script; }
  read -r script user sweeper <&"${RUN[0]}"
  exec 8>&"${RUN[1]}"
}

begin
echo remove >&8
check "a script that ends removes it" is_gone "$script"
check "... and is not ahead of that" is_empty

begin
kill -KILL "$script"
check "a script is killed" is_gone "$script"
if is_empty; then echo "FAILED: it is gone while a process uses it"; failures=$((failures + 1)); fi
kill "$user"
check "a script that is killed leaves none when the last process has ended" is_empty

begin
kill -KILL "$script" "$sweeper" "$user"
check "all are killed" is_gone "$sweeper"
if is_empty; then echo "FAILED: nobody was left to remove it"; failures=$((failures + 1)); fi
begin
echo remove >&8
check "the next one removes what nobody holds" is_empty

begin
first=$script
echo keep >&8
check "a script can keep it" is_gone "$first"
begin
echo remove >&8
check "the next one has ended" is_gone "$script"
check "... and leaves what was kept" test -f "$place"/f-kept.??????/file

[ "$failures" = 0 ]
