#!/bin/bash
# Isolates a program from the machine, so that two suites can run at once and other programs do not disturb them:
#
#   tests/feature/isolated.sh PROGRAM [ARG...]
#
# The program gets mount, pid and ipc namespaces, new directories as /tmp and /var/tmp (on the same file systems as
# the old ones) and an empty /dev/shm. That takes root; for an ordinary user, sudo without a password makes the
# namespaces, and the program still runs as that user. Where neither works, a loud line says so, and such programs run
# one after the other.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
places=(/tmp /var/tmp)

# ---- In the namespaces: isolated.sh --inside UID:GID DIRECTORY PATH FOLDER... PROGRAM [ARG...] ---

# cover PLACE FOLDER: mounts the folder there; a project inside the place stays visible.
cover() {
  cd "$project"
  chown 0:0 "$2"
  mount --bind "$2" "$1"
  if [ "${project#"$1"/}" != "$project" ]; then
    mkdir -p "$project"
    mount --no-canonicalize --bind /proc/self/cwd "$project"
  fi
}

if [ "${1:-}" = --inside ]; then
  identity=$2 started_in=$3 path=$4
  shift 4
  for place in "${places[@]}"; do
    cover "$place" "$1"
    shift
  done
  mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /dev/shm
  cd "$started_in"
  export PATH=$path
  as_caller=()
  if [ "$identity" != 0:0 ]; then
    as_caller=(setpriv "--reuid=${identity%:*}" "--regid=${identity#*:}" --init-groups)
  fi
  # Without exec: this shell is PID 1 here, and reaps orphans.
  status=0
  "${as_caller[@]}" "$@" || status=$?
  exit "$status"
fi

# ---- Outside --------------------------------------------------------------------------------------

namespaces=(unshare --mount --pid --ipc --fork --kill-child --mount-proc --propagation private)
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n --preserve-env); fi

if ! why=$("${as_root[@]}" "${namespaces[@]}" true 2>&1); then
  echo "NOT ISOLATED: ${why##*: line [0-9]*: }; remedy: run the tests as root, or with sudo that asks for no password" >&2
  exec flock --close "$here" "$@"
fi

folders=()
# Invoked by the trap. Root has made directories in them.
# shellcheck disable=SC2317
clean_up() { "${as_root[@]}" rm -rf --one-file-system "${folders[@]}"; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
for place in "${places[@]}"; do
  folder=$(mktemp -d "$place/stepbox-isolated.XXXXXX")
  chmod 1777 "$folder"
  folders+=("$folder")
done

status=0
"${as_root[@]}" "${namespaces[@]}" "$here/isolated.sh" --inside "$(id -u):$(id -g)" "$PWD" "$PATH" "${folders[@]}" "$@" ||
  status=$?
exit "$status"
