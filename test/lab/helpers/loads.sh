#!/bin/sh
# Loads and unloads vfctl_pf and the rebuilt igb under traffic between VFs, and tells what the kernel kept.
# usage: loads.sh COUNT DIRECTORY      DIRECTORY has the modules
#
# Each time: both PFs, two VFs of the first in namespaces of their own, a flood between them; the driver goes while it
# lasts. Lines besides those of rounds.sh: `load N BEGUN ENDED` by the uptime.
set -eu
. "${0%/*}/rounds.sh"
count=$1 directory=$2
pf=/sys/bus/pci/devices/0000:01:00.0
other=/sys/bus/pci/devices/0000:02:00.0

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

flooded() { [ $(($(messages loads0) - $1)) -gt 50 ]; }

# Unloads while packets are on their way.
unload() {
	ip netns exec loads0 ping -q -f 192.0.2.2 >/dev/null 2>&1 &
	flood0=$!
	ip netns exec loads1 ping -q -f 192.0.2.1 >/dev/null 2>&1 &
	flood1=$!
	before=$(messages loads0)
	wait_for 60 'packets of the flood' flooded "$before"
	rmmod igb
	rmmod vfctl_pf
	kill $flood0 $flood1 2>/dev/null || :
	wait $flood0 $flood1 2>/dev/null || :
}

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
	[ $number != $WARM ] || kept begin
done

kept end
load
wait_for 60 'answer in the last load' answers
echo 'answered after the last'
complaints
rmmod igb
rmmod vfctl_pf
ip netns delete loads0
ip netns delete loads1
modprobe igb
