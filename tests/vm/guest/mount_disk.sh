#!/bin/busybox sh
# shellcheck shell=dash
# PID 1 of the initramfs. The tests need another root than this one: rootfs can be neither left by pivot_root(2) nor
# mounted with shifted ids.
busybox=/bin/busybox
for module in /modules/*.ko; do $busybox insmod "$module"; done
$busybox mount -t devtmpfs dev /dev
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do
  $busybox usleep 100000
  tries=$((tries + 1))
done
$busybox mount -t ext4 /dev/vda /disk
$busybox mount --move /dev /disk/dev
exec $busybox switch_root /disk /usr/lib/stepbox-vm/run_tests.sh
