#!/bin/bash
# Makes the emulated machine's boot files: an initramfs that mounts the disk, and the disk, an ext4 image with programs
# of this host, stepbox and the tests. Mounts nothing, and needs no root. Called by run.sh.
#
#   make_disk.sh FOLDER KERNEL STEPBOX TESTS
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
work=$1 kernel=$2 stepbox=$3 tests=$4

# Packages of this host whose files the guest gets; their libraries follow by themselves. If tests of a new subject run
# another program, name its package here (and in packaging/packages when not every host has it).
packages=(acl base-files bash bubblewrap coreutils dash diffutils findutils grep hostname less libc-bin libcap2-bin
          libpython3.11-minimal libpython3.11-stdlib make mount ncurses-base passwd procps python3-minimal
          python3.11-minimal sed strace tar util-linux)
# In the order in which the guest loads them. The disk needs virtio.
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk overlay)

# ---- The disk -------------------------------------------------------------------------------------

root=$work/root
# The targets of Debian's /bin, /lib, ...
mkdir -p "$root"/usr/{bin,lib,lib64,sbin}

# Reads names of files on stdin, relative to the root. Skips files that an administrator has removed, or closed to
# others.
copy_in() {
  (cd / && while read -r name; do if [ -r "$name" ]; then echo "$name"; fi; done) |
    tar -C / -c --no-recursion --files-from=- "$@" | tar -C "$root" -x --keep-directory-symlink
}

{
  printf '%s\n' bin lib lib64 sbin
  dpkg-query --listfiles "${packages[@]}" | sed -n 's,^/,,p' |
    grep -v -E '^usr/share/(doc|info|lintian|locale|man)(/|$)'
} | sort -u | copy_in

# A file, put where the tests that were built here expect it.
put() { install -D -m "$1" "$2" "$root$3"; }
put 0755 "$stepbox" "$stepbox"
companion=$(realpath -m "$(dirname "$stepbox")/../companions/stepbox-warm")
if [ -x "$companion" ]; then put 0755 "$companion" "$companion"; fi
for program in "$tests/feature/feature_tests" "$tests/unit/unit_tests" "$tests"/steps/bin/*; do
  put 0755 "$program" "$program"
done
put 0755 "$(command -v busybox)" /usr/bin/busybox
for folder in "$here/../unit/report/golden" "$here/../../policies/seccomp"; do
  for file in "$(cd "$folder" && pwd)"/*; do put 0644 "$file" "$file"; done
done

# ldd fails for scripts and static programs.
{ find "$root" -type f -perm -100 -exec ldd {} + 2> /dev/null || true; } |
  sed -n -e 's,.* => /\(.*\) (0x.*,\1,p' -e 's,^[[:space:]]*/\(.*\) (0x.*,\1,p' | sort -u | copy_in --dereference

mkdir -p "$root"/{dev,proc,sys,run,tmp,root,home/tester,mnt,opt,srv,var/tmp,etc}
chmod 1777 "$root/tmp" "$root/var/tmp"
cp /usr/share/base-passwd/passwd.master "$root/etc/passwd"
cp /usr/share/base-passwd/group.master "$root/etc/group"
printf '%s\n' 'root:*:19000:0:99999:7:::' > "$root/etc/shadow"
chmod 0640 "$root/etc/shadow"
echo 'nameserver 192.0.2.1' > "$root/etc/resolv.conf"
echo guest > "$root/etc/hostname"

put 0755 "$here/guest/run_tests.sh" /usr/lib/stepbox-vm/run_tests.sh
declare -p stepbox tests > "$root/usr/lib/stepbox-vm/settings"

# Everything on the disk belongs to root, whichever user makes it.
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(unshare --map-root-user); fi
truncate -s 2G "$work/disk"
"${as_root[@]}" mke2fs -q -t ext4 -d "$root" "$work/disk"
rm -rf "$root"

# ---- The initramfs --------------------------------------------------------------------------------

first=$work/first
mkdir -p "$first"/{bin,dev,disk,modules}
cp "$(command -v busybox)" "$first/bin/busybox"
install -m 0755 "$here/guest/mount_disk.sh" "$first/init"
for number in "${!modules[@]}"; do
  file=$(find "$kernel/lib/modules" -name "${modules[number]}.ko")
  [ -n "$file" ] || { echo "make_disk.sh: the kernel has no module ${modules[number]}" >&2; exit 1; }
  cp "$file" "$first/modules/$number.ko"
done
(cd "$first" && find . -print0 | cpio --null --create --format=newc --quiet | gzip -1) > "$work/initramfs"
rm -rf "$first"
