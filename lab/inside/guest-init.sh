#!/bin/sh
# The only program of a guest: brings up every NIC that appears and keeps the guest agent running.
# Kernel command line: vfip=MAC=ADDRESS/LENGTH (any number) gives an address to the NIC with that MAC.
export PATH=/bin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/virtio-ports
mount -t devpts pts /dev/pts

say() {
	read -r up _ </proc/uptime
	echo "GUEST[$up] $*" >/dev/console
}

say 'userspace'
while read -r module; do
	insmod "/modules/$module"
done </modules.order
ip link set lo up

agent_port=/dev/virtio-ports/org.qemu.guest_agent.0
for port in /sys/class/virtio-ports/*; do
	[ -f "$port/name" ] && ln -sf "/dev/${port##*/}" "/dev/virtio-ports/$(cat "$port/name")"
done
if [ -e $agent_port ]; then
	qemu-ga --daemonize --method virtio-serial --path $agent_port --statedir /run --pidfile /run/qemu-ga.pid
	echo GUEST-AGENT-UP >/dev/console
else
	echo GUEST-UP >/dev/console
fi

address_of() {
	for word in $(cat /proc/cmdline); do
		case $word in
		vfip="$1"=*) echo "${word#vfip=*=}" ;;
		esac
	done
}

# No new process as long as nothing changes, not even sleep: the guest shares one emulated processor
# with its host, and idle guests would use a third of it each. Nobody writes to this pipe.
mkfifo /run/never
exec 9<>/run/never
known=' '
while :; do
	present=' '
	for device in /sys/class/net/*; do
		name=${device##*/}
		[ "$name" != lo ] && read -r mac 2>/dev/null <"$device/address" || continue
		present="$present$name=$mac "
		case $known in *" $name=$mac "*) continue ;; esac
		ip link set "$name" up
		# The halves of a failover pair have the MAC too; the address is their master's.
		address=
		[ -e "$device/master" ] || address=$(address_of "$mac")
		[ -z "$address" ] || ip address add "$address" dev "$name"
		say "nic $name $mac $(readlink "$device/device/driver" | sed 's,.*/,,') $address"
	done
	known=$present
	read -r -t 1 _ <&9
done
