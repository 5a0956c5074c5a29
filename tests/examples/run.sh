#!/bin/bash
# Runs every example of examples/ with stepbox and checks that the host is unchanged.
#
#     tests/examples/run.sh /path/to/stepbox
#
# As root: in its own mount namespace, where /home, root's home, /tmp, /dev/shm and /run/user are new and empty, so
# that only the example can change them; then once more as an ordinary user. As an ordinary user: on the real host,
# looking at that user's files only.
#
# A missing tool is a loud skip; with STEPBOX_MUST_WORK=1 it is a failure.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
uid=60123

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo "usage: tests/examples/run.sh STEPBOX" >&2
  exit 2
fi
stepbox=$(realpath "$1")

# Not below /tmp: on Linux before 6.3 a tmpfs cannot be mounted with shifted ids.
work=$(mktemp -d /var/tmp/stepbox-examples.XXXXXX)

# Runs in a mount namespace and ends with it, so nothing needs unmounting.
inside_root() {
  trap 'rm -rf --one-file-system "$work"' EXIT
  mkdir -p "$work/keep"
  local kept=() covered=("$HOME" /home /tmp /dev/shm /run/user) path n=0
  for path in "$repository" "$HOME"/{.cargo,.rustup,.pyenv,.nvm,.sdkman,.volta,.local,go}; do
    [ -d "$path" ] || continue
    n=$((n + 1))
    mkdir "$work/keep/$n"
    mount --bind "$path" "$work/keep/$n"
    kept+=("$path")
  done
  for path in "${covered[@]}"; do
    if [ -d "$path" ]; then mount -t tmpfs -o mode="$(stat -c %a "$path")" tmpfs "$path"; fi
  done
  for n in "${!kept[@]}"; do
    if [ ! -d "${kept[n]}" ]; then
      mkdir -p "${kept[n]}"
      mount --bind "$work/keep/$((n + 1))" "${kept[n]}"
    fi
    umount "$work/keep/$((n + 1))"
  done
  rm -rf --one-file-system "$work/keep"

  local failed=0
  # Java asks the user database for the home, so the ordinary user needs an entry.
  cp /etc/passwd "$work/passwd"
  echo "stepbox-example:x:$uid:$uid::/home/stepbox-example:/bin/sh" >> "$work/passwd"
  chmod 0644 "$work/passwd"
  mount --bind "$work/passwd" /etc/passwd

  prepare "$HOME/work" 0
  QUIET_HOST=1 "$here/check_all.sh" "$HOME/work" || failed=1

  prepare /home/stepbox-example/work "$uid"
  if ordinary unshare --user true 2> "$work/refusal"; then
    ordinary "$work/tests/check_all.sh" /home/stepbox-example/work || failed=1
  else
    echo "SKIPPED: ordinary users may not make user namespaces here ($(cat "$work/refusal"))"
    if [ "${STEPBOX_MUST_WORK:-0}" = 1 ]; then failed=1; fi
  fi
  return "$failed"
}

# A copy of the examples at $1 that user $2 owns, on the disk.
prepare() {
  local place=$1 owner=$2
  mkdir -p "$place" "$work/of-$owner"
  cp -r "$repository/examples/." "$work/of-$owner"
  # Removes results of earlier builds by hand, which do not belong to the example.
  (cd "$work/of-$owner" && rm -rf go/bin cargo/target npm/node_modules npm/dist cmake/build maven/target python/.venv &&
    rm -f make-jobserver/program && find make-jobserver -name '*.[oa]' -delete &&
    find . -name __pycache__ -prune -exec rm -rf {} +)
  chown -R "$owner:$owner" "$work/of-$owner" "$(dirname "$place")"
  if [ "$owner" != 0 ]; then chmod 0700 "$(dirname "$place")"; fi
  mount --bind "$work/of-$owner" "$place"
}

ordinary() {
  setpriv --reuid=$uid --regid=$uid --clear-groups env -i HOME=/home/stepbox-example USER=stepbox-example \
    PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 STEPBOX="$STEPBOX" STEPBOX_MUST_WORK="${STEPBOX_MUST_WORK:-0}" \
    QUIET_HOST=1 WITH_CONTROL=1 "$@"
}

chmod 0755 "$work"
mkdir "$work/bin"
install -m 0755 "$stepbox" "$work/bin/stepbox"
export STEPBOX="$work/bin/stepbox"
# The checkout may lie where an ordinary user cannot go.
cp -r "$here" "$work/tests"

if [ "$(id -u)" = 0 ]; then
  export -f inside_root prepare ordinary
  export work here repository uid
  unshare --mount --propagation private bash -euo pipefail -c inside_root
else
  trap 'rm -rf "$work"' EXIT
  cp -r "$repository/examples" "$work/examples"
  "$here/check_all.sh" "$work/examples"
fi
