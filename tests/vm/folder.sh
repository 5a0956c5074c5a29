# shellcheck shell=bash
# A temporary folder that is removed with the script that makes it, however the script ends; to be sourced.
#
# The script and its children hold a lock on the folder (descriptor 9). A process in its own session waits for that lock
# and removes the folder. That works even after a SIGKILL of the script, once the last process that uses the folder has
# ended. If that process is killed as well, an unlocked folder remains, and the next script of the kind removes it.

# make_folder PREFIX: sets $folder to a new folder PREFIX.XXXXXX.
make_folder() {
  local prefix=$1 old
  for old in "$prefix".??????; do
    if [ -d "$old" ] && [ -O "$old" ]; then flock --nonblock "$old" rm -rf -- "$old" 2> /dev/null || true; fi
  done
  while :; do
    folder=$(mktemp -d "$prefix.XXXXXX") || return 1
    # Before the lock is taken, another script may mistake the folder for an old one.
    if { exec 9< "$folder"; } 2> /dev/null && flock --nonblock 9 && [ "$folder" -ef /dev/fd/9 ]; then break; fi
  done
  setsid flock "$folder" rm -rf -- "$folder" < /dev/null > /dev/null 2>&1 9<&- &
  folder_sweeper=$!
}

# For when no process uses the folder any more: it is gone after this.
remove_folder() {
  exec 9<&-
  wait "$folder_sweeper" || true
}

# Keeps the folder, under a name that no script mistakes for an old one; prints it.
keep_folder() {
  local kept=${folder%.*}-kept.${folder##*.}
  kill "$folder_sweeper" 2> /dev/null
  wait "$folder_sweeper" 2> /dev/null || true
  mv -- "$folder" "$kept"
  exec 9<&-
  echo "$kept"
}
