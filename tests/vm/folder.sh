# shellcheck shell=bash
# A temporary folder that goes with the script that makes it, however that ends; to be sourced.
#
# The script and all that it starts hold a lock on the folder (descriptor 9). A process in a session of its own waits for
# that lock and removes the folder, so also after a SIGKILL of the script, when the last process that uses the folder has
# ended. Should that process be killed as well, the next script of the kind removes what nobody holds.

# make_folder PREFIX: sets $folder to a new folder PREFIX.XXXXXX.
make_folder() {
  local prefix=$1 old
  for old in "$prefix".??????; do
    if [ -d "$old" ] && [ -O "$old" ]; then flock --nonblock "$old" rm -rf -- "$old" 2> /dev/null || true; fi
  done
  while :; do
    folder=$(mktemp -d "$prefix.XXXXXX") || return 1
    # Another script may take it for an old one before it is locked.
    if { exec 9< "$folder"; } 2> /dev/null && flock --nonblock 9 && [ "$folder" -ef /dev/fd/9 ]; then break; fi
  done
  setsid flock "$folder" rm -rf -- "$folder" < /dev/null > /dev/null 2>&1 9<&- &
  folder_sweeper=$!
}

# When nothing uses it any more: the folder is gone after this.
remove_folder() {
  exec 9<&-
  wait "$folder_sweeper" || true
}

# The folder stays, under a name that nobody takes for an old one; prints it.
keep_folder() {
  local kept=${folder%.*}-kept.${folder##*.}
  kill "$folder_sweeper" 2> /dev/null
  wait "$folder_sweeper" 2> /dev/null || true
  mv -- "$folder" "$kept"
  exec 9<&-
  echo "$kept"
}
