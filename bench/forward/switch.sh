# The switching layer alone: pktgen sends small packets by dev_queue_xmit() into the interface of one namespace, tc drops
# them where they arrive in the other. Prints nanoseconds for each. The path `dummy` drops them when they are sent: what
# the generator costs.
# usage: switch.sh PATH COUNT       namespaces and addresses of paths.sh
set -eu
path=$1 count=$2 size=60 # Without the checksum of the wire.

modprobe -a pktgen cls_matchall act_gact sch_ingress
if [ "$path" = dummy ]; then
	ip netns add dummy-a 2>/dev/null && ip -n dummy-a link add net0 type dummy && ip -n dummy-a link set net0 up
	mac=02:00:00:00:00:99
else
	mac=$(ip netns exec "$path-b" cat /sys/class/net/net0/address)
	ip netns exec "$path-b" tc qdisc add dev net0 clsact
	ip netns exec "$path-b" tc filter add dev net0 ingress protocol ip matchall action drop
	trap 'ip netns exec "$path-b" tc qdisc del dev net0 clsact' EXIT
fi

generate() { # COUNT
	ip netns exec "$path-a" sh -eu -s "$1" "$mac" "$size" <<-'END'
		cd /proc/net/pktgen
		echo rem_device_all >kpktgend_0
		echo add_device net0 >kpktgend_0
		for setting in "count $1" "pkt_size $3" "delay 0" "xmit_mode queue_xmit" "flag !SHARED" "dst_mac $2" "dst 198.51.100.2"; do
			echo "$setting" >net0
		done
		echo start >pgctrl
		sed -n 's/^Result: OK: \([0-9]*\)(.*/\1/p' net0
		echo rem_device_all >kpktgend_0
	END
}

generate 1000 >/dev/null # Warm: flows, caches.
microseconds=$(generate "$count")
if [ "$path" != dummy ]; then
	dropped=$(ip netns exec "$path-b" tc -s filter show dev net0 ingress | sed -n 's/.*(dropped \([0-9]*\),.*/\1/p')
	[ "$dropped" = $((count + 1000)) ] || { echo "switch: $dropped of $((count + 1000)) arrived" >&2; exit 1; }
fi
echo $((microseconds * 1000 / count))
