#!/bin/sh
# Loads and unloads vfctl_pf and the rebuilt igb under traffic between VFs, and tells what the kernel kept.
# usage: loads.sh COUNT DIRECTORY      DIRECTORY has the modules
#
# Each time: both PFs, two VFs of the first in namespaces of their own, a flood between them; the driver goes while it
# lasts. Lines: `load N BEGUN ENDED` by the uptime, `complaint TEXT` of what the kernel says that it should not, and
# `objects begin|end CACHE COUNT` of the kmalloc caches.
set -eu
count=$1 directory=$2
pf=/sys/bus/pci/devices/0000:01:00.0
other=/sys/bus/pci/devices/0000:02:00.0
WARM=3 # What is made once and kept is not counted.

fail() {
	echo "loads: $*" >&2
	exit 1
}

wait_for() { # SECONDS WHAT COMMAND...
	tries=$(($1 * 10)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "no $what"
		sleep 0.1
	done
}

has_netdev() { [ -n "$(ls "$1/net" 2>/dev/null)" ]; }

load() {
	insmod "$directory/vfctl_pf.ko"
	insmod "$directory/igb.ko"
	for one in $pf $other; do
		wait_for 60 "interface of $one" has_netdev $one
		ip link set "$(ls $one/net)" up
	done

	echo 2 >$pf/sriov_numvfs
	for index in 0 1; do
		vf=$pf/virtfn$index
		wait_for 60 "interface of VF $index" has_netdev $vf
		netdev=$(ls $vf/net)
		ip link set "$netdev" netns loads$index
		ip -n loads$index address add 192.0.2.$((index + 1))/24 dev "$netdev"
		ip -n loads$index link set "$netdev" up
	done
}

answers() { ip netns exec loads0 ping -q -c 1 -W 1 192.0.2.2; }

# What the first namespace has received of ICMP: the kernel counts it at once, a driver every 2 s.
messages() { ip netns exec loads0 awk '/^Icmp: [0-9]/ {print $2}' /proc/net/snmp; }

flooded() { [ $(($(messages) - $1)) -gt 50 ]; }

# Unloads while packets are on their way.
unload() {
	ip netns exec loads0 ping -q -f 192.0.2.2 >/dev/null 2>&1 &
	flood0=$!
	ip netns exec loads1 ping -q -f 192.0.2.1 >/dev/null 2>&1 &
	flood1=$!
	before=$(messages)
	wait_for 60 'packets of the flood' flooded "$before"
	rmmod igb
	rmmod vfctl_pf
	kill $flood0 $flood1 2>/dev/null || :
	wait $flood0 $flood1 2>/dev/null || :
}

# The lowest of some counts: what is freed later (RCU) or is in use for a moment is not meant. Caches keep free objects
# until they are asked to shrink.
objects() {
	for sample in 1 2 3 4 5 6; do
		for cache in /sys/kernel/slab/kmalloc-*; do
			echo 1 >"$cache/shrink"
		done
		grep ^kmalloc- /proc/slabinfo
		sleep 1
	done | awk -v when="$1" '!($1 in least) || $2 < least[$1] {least[$1] = $2} END {for (name in least) print "objects", when, name, least[name]}'
}

# Asked after each load: 100 of them say more than the kernel's log holds.
complaints() { dmesg --read-clear | grep -E 'WARNING:|BUG:|Oops|Call Trace|refcount|waiting for .* to become free' | sed 's/^/complaint /' || :; }

for index in 0 1; do
	ip netns add loads$index
	ip -n loads$index link set lo up
done

# Taken away at last: the modules that igb needs stay.
modprobe igb
rmmod igb
number=0
while [ $number -lt "$count" ]; do
	number=$((number + 1))
	read -r begun _ </proc/uptime
	load
	wait_for 60 "answer in load $number" answers
	unload
	read -r ended _ </proc/uptime
	echo "load $number $begun $ended"
	complaints
	[ $number != $WARM ] || objects begin
done

objects end
load
wait_for 60 'answer in the last load' answers
echo 'answered after the last'
complaints
rmmod igb
rmmod vfctl_pf
ip netns delete loads0
ip netns delete loads1
modprobe igb
