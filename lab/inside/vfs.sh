#!/bin/sh
# Makes VFs and waits until their driver holds them.
# usage: vfs COUNT [PF...]      the default is both PFs; 0 takes them away
set -eu
[ $# -ge 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 64; }
count=$1
shift
[ $# -gt 0 ] || set -- 0000:01:00.0 0000:02:00.0

for pf; do
	device=/sys/bus/pci/devices/$pf
	[ "$(cat "$device/sriov_numvfs")" = 0 ] || echo 0 >"$device/sriov_numvfs"
	[ "$count" = 0 ] || echo "$count" >"$device/sriov_numvfs"
done

for pf; do
	index=0
	while [ $index -lt "$count" ]; do
		tries=0
		until [ -n "$(ls "/sys/bus/pci/devices/$pf/virtfn$index/net" 2>/dev/null)" ]; do
			tries=$((tries + 1))
			[ $tries -lt 300 ] || { echo "vfs: VF $index of $pf has no network device after 30 s" >&2; exit 1; }
			sleep 0.1
		done
		index=$((index + 1))
	done
done
