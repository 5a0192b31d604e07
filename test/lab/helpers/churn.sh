#!/bin/sh
# Adds and removes VFs, namespaces, a macvtap and vfctl_fwd itself under traffic, again and again, and tells what broke
# and what the kernel kept.
# usage: churn.sh ROUNDS DIRECTORY TRAFFIC      DIRECTORY has the modules, TRAFFIC is bench/forward/traffic.c, compiled
#
# VF 0 and 1 of the first PF stay, in namespaces churn0 and churn1, with one TCP connection between them that lives
# through all of it: by the module while that is there, by the card else. What goes and comes under floods: VF 2 with its
# namespace, VF 3 with its driver, all VFs of the second PF, a macvtap on VF 4, and the module, in four orders.
# Lines besides those of rounds.sh: `round N BEGUN BROUGHT FLOODED TAKEN ENDED` by the uptime, `connection begin|end PORTS`,
# `passed COUNT` of the frames that the module carried while it was about to be unloaded.
set -eu
. "${0%/*}/rounds.sh"
rounds=$1 directory=$2 traffic=$3
first=0000:01:00.0 second=0000:02:00.0
devices=/sys/bus/pci/devices forward=/sys/kernel/vfctl/forward
floods=

has_netdev() { [ -n "$(ls "$devices/$1/net" 2>/dev/null)" ]; }
netdev() { ls "$devices/$1/net"; }
vf() { basename "$(readlink "$devices/$1/virtfn$2")"; }

side() { # BDF NAMESPACE ADDRESS
	wait_for 60 "interface of $1" has_netdev "$1"
	name=$(netdev "$1")
	ip link set "$name" netns "$2"
	ip -n "$2" address replace "$3/24" dev "$name"
	ip -n "$2" link set "$name" up
}

# A connection's ports are its name; what it moved tells that it lives.
ports() { ip netns exec churn0 ss -tnH dst 192.0.2.2 | awk '{split($4, a, ":"); split($5, b, ":"); print a[2], b[2]}'; }
moved() { ip netns exec churn0 ss -tinH dst 192.0.2.2 | grep -o 'bytes_acked:[0-9]*' | cut -d: -f2; }
connected() { [ -n "$(ports)" ] && [ -n "$(moved)" ]; }
moves() { [ "$(moved)" -gt "$1" ]; }

flooded() { [ "$(messages "$1")" -gt 20 ]; } # Of a namespace that is new in this round.

flood() { # NAMESPACE ADDRESS, until it is killed or its namespace's interface is gone
	nice ip netns exec "$1" ping -q -f "$2" >/dev/null 2>&1 &
	floods="$floods $!"
}

stop_floods() {
	for one in $floods; do
		kill "$one" 2>/dev/null || :
		wait "$one" 2>/dev/null || :
	done
	floods=
}

load_module() {
	[ -e /sys/module/vfctl_fwd ] || insmod "$directory/vfctl_fwd.ko"
	for pf in $first $second; do
		[ -d $forward/$pf ] || echo $pf >$forward/add
	done
}

# The VFs of the second PF, and those of the first that go and come, where they are to be flooded.
bring() {
	echo 2 >$devices/$second/sriov_numvfs
	ip netns add churn2
	for one in 4 5; do ip netns add churn$one; done
	[ -e "$devices/$vf3/driver" ] || echo "$vf3" >/sys/bus/pci/drivers/igbvf/bind
	side "$vf2" churn2 192.0.3.1
	side "$vf3" churn3 192.0.3.2
	side "$(vf $second 0)" churn4 192.0.4.1
	side "$(vf $second 1)" churn5 192.0.4.2
	# A guest's interface on VF 4, but for the guest.
	ip link add link "$host4" name churntap type macvtap mode bridge
	ip link set churntap up
}

take() {
	case $1 in
	namespace) ip netns delete churn2 ;;
	driver) echo "$vf3" >/sys/bus/pci/drivers/igbvf/unbind ;;
	vfs) echo 0 >$devices/$second/sriov_numvfs ;;
	module)
		passed=$((passed + $(awk -F= '$1 == "passed" {print $2}' $forward/$first/vf0/stats)))
		rmmod vfctl_fwd
		;;
	tap) ip link delete churntap ;;
	esac
}

order() { # Each is the first one to go in one of four rounds.
	case $(($1 % 4)) in
	0) echo namespace tap driver vfs module ;;
	1) echo module namespace vfs tap driver ;;
	2) echo driver module tap namespace vfs ;;
	3) echo vfs driver namespace module tap ;;
	esac
}

for index in 0 1 3; do
	ip netns add churn$index
	ip -n churn$index link set lo up
done
for pf in $first $second; do ip link set "$(netdev $pf)" up; done
[ -e /sys/module/vfctl_pf ] || insmod "$directory/vfctl_pf.ko"
echo 5 >$devices/$first/sriov_numvfs
for index in 0 1; do side "$(vf $first $index)" churn$index 192.0.2.$((index + 1)); done
vf2=$(vf $first 2) vf3=$(vf $first 3)
wait_for 60 'interface of VF 4' has_netdev "$(vf $first 4)"
host4=$(netdev "$(vf $first 4)")
ip link set "$host4" up

wait_for 60 'answer between the VFs that stay' ip netns exec churn0 ping -q -c 1 -W 1 192.0.2.2
nice -n 19 ip netns exec churn1 "$traffic" serve 7000 </dev/null >/dev/null 2>&1 &
server=$!
wait_for 60 'server' sh -c 'ip netns exec churn1 ss -ltnH | grep -q :7000'
# It warms with a connection of a tenth of them, which is the one that is watched: it never comes to its end.
nice -n 19 ip netns exec churn0 "$traffic" rr 192.0.2.2 7000 2000000000 </dev/null >/dev/null 2>&1 &
client=$!
wait_for 60 'connection' connected
echo "connection begin $(ports)"

number=0 passed=0
while [ $number -lt "$rounds" ]; do
	number=$((number + 1))
	read -r begun _ </proc/uptime
	load_module
	bring
	read -r brought _ </proc/uptime
	flood churn2 192.0.3.2
	flood churn4 192.0.4.2
	for one in 2 4; do wait_for 60 "packets of the flood in churn$one" flooded churn$one; done
	read -r flooded _ </proc/uptime
	before=$(moved)
	wait_for 60 "progress of the connection in round $number" moves "$before"
	for what in $(order $number); do take "$what"; done
	stop_floods
	read -r taken _ </proc/uptime
	for one in 4 5; do ip netns delete churn$one; done
	before=$(moved)
	wait_for 60 "progress of the connection at the end of round $number" moves "$before"
	read -r ended _ </proc/uptime
	echo "round $number $begun $brought $flooded $taken $ended"
	complaints
	[ $number != $WARM ] || kept begin
done

kept end
echo "connection end $(ports)"
echo "passed $passed"
kill -0 $client || fail 'the program of the connection ended'
kill $client $server
wait $client $server 2>/dev/null || :
for index in 0 1 3; do ip netns delete churn$index; done
echo 0 >$devices/$first/sriov_numvfs
rmmod vfctl_pf
complaints
