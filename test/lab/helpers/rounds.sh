# What churn.sh and loads.sh, which lie beside it, have in common: what the kernel says and keeps while something goes
# and comes again and again. They tell it in lines that rounds.ts reads: `complaint TEXT` of what the kernel says that
# it should not, `objects begin|end CACHE COUNT` of the kmalloc caches, `memory begin|end FIELD KIB`.
WARM=3 # What is made once and kept is not counted.

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

wait_for() { # SECONDS WHAT COMMAND...
	tries=$(($1 * 5)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "no $what"
		sleep 0.2
	done
}

# What a namespace has received of ICMP: the kernel counts it at once, a driver every 2 s.
messages() { ip netns exec "$1" awk '/^Icmp: [0-9]/ {print $2}' /proc/net/snmp; }

# Asked after each round: many of them say more than the kernel's log holds.
complaints() { dmesg --read-clear | grep -E 'WARNING:|BUG:|Oops|Call Trace|refcount|waiting for .* to become free|vfctl_fwd.*stays loaded' | sed 's/^/complaint /' || :; }

# The lowest of some counts: what is freed later (RCU) or is in use for a moment is not meant. Caches keep free objects
# until they are asked to shrink.
kept() { # begin|end
	for sample in 1 2 3 4 5 6; do
		for cache in /sys/kernel/slab/kmalloc-*; do
			echo 1 >"$cache/shrink"
		done
		awk '/^kmalloc-/ {print "objects", $1, $2}' /proc/slabinfo
		awk -F'[: ]+' '/^(SUnreclaim|Percpu|VmallocUsed|KernelStack):/ {print "memory", $1, $2}' /proc/meminfo
		sleep 1
	done | awk -v when="$1" '{name = $1 " " when " " $2} !(name in least) || $3 < least[name] {least[name] = $3} END {for (name in least) print name, least[name]}'
}
