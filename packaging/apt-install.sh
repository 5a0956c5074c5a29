#!/bin/sh
# Installs missing Debian packages, and nothing else:
#
#     packaging/apt-install.sh --for PURPOSE...
#
# PURPOSE: build, tests, vm, go or examples, as packaging/packages lists them. When all are there, it neither asks for
# nor changes anything. An ordinary user needs sudo, for apt-get only.
set -eu
list=$(dirname "$0")/packages

if [ "${1:-}" != --for ] || [ $# -lt 2 ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0" >&2
  exit 2
fi
shift

# The packages for one purpose that are needed here, one a line.
wanted_for() {
  # One word per package.
  # shellcheck disable=SC2013
  for entry in $(sed -n "s/^$1: //p" "$list"); do
    case $entry in
      *=*) PATH=/usr/local/bin:/usr/bin:/bin command -v "${entry%%=*}" > /dev/null || echo "${entry#*=}" ;;
      *) echo "$entry" ;;
    esac
  done
}

wanted=
for purpose in "$@"; do
  if ! grep -q "^$purpose: " "$list"; then
    echo "error: $list has no packages for '$purpose'" >&2
    exit 2
  fi
  wanted="$wanted $(wanted_for "$purpose")"
done

missing=
for package in $wanted; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  as_root=sudo
  if ! command -v sudo > /dev/null; then
    echo "error: these packages are missing, and there is no sudo to install them with:$missing" >&2
    echo "hint: as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
fi

apt_get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# apt-get waits for dpkg's lock by itself, but not for the lock of the package lists; and a mirror may fail once.
patiently() {
  for pause in 5 15 30 60 last; do
    if apt_get "$@"; then return 0; fi
    [ "$pause" = last ] && break
    echo "apt-get $1 failed; trying again in $pause s" >&2
    sleep "$pause"
  done
  echo "error: apt-get $1 failed five times" >&2
  return 1
}

echo "installing:$missing" >&2
patiently update
# One word per package.
# shellcheck disable=SC2086
patiently install --no-install-recommends $missing > /dev/null
