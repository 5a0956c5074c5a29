#!/bin/bash
# Prints everything that a step could leave on the host: names, sizes, times, inodes, owners and modes of files in the
# home and in the usual places for temporary files, and the mounts.
set -euo pipefail
export LC_ALL=C

# /var/tmp holds the examples and the notes of these checks, so its own times change; its other files count.
unlooked=(-path '/var/tmp/stepbox-example*' -prune -o -path /var/tmp)
# Where other programs use the same directories, only the caller's files matter, and the times of the directories do
# not.
if [ "${QUIET_HOST:-0}" != 1 ]; then
  unlooked+=(-o ! -user "$(id -u)" -o -path "$HOME" -o -path /tmp -o -path /dev/shm)
fi

# Ignores errors: missing places, and those that the caller may not look into.
{ find "$HOME" /tmp /var/tmp /dev/shm /run/user -xdev "${unlooked[@]}" -o \
    -printf '%p size %s mtime %T@ inode %i owner %U:%G mode %m\n' 2> /dev/null || true; } | sort -S 64M
echo "mounts:"
cut -d ' ' -f 4- /proc/self/mountinfo
