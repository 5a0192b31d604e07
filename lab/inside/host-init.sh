#!/bin/sh
# Process 1 of the emulated host, instead of systemd: it starts only what SR-IOV and libvirt need.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

say() {
	read -r up _ </proc/uptime
	echo "LAB[$up] $*" >/dev/console
}

mount -t tmpfs -o mode=755 run /run
mkdir -p /run/sshd /run/lock /run/libvirt /run/netns /dev/pts /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tracefs trace /sys/kernel/tracing
mount -t cgroup2 cgroup /sys/fs/cgroup
echo '+cpuset +cpu +io +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
hostname lab
ip link set lo up
say 'mounts'

modprobe -a virtio_net virtio_rng igb igbvf vfio-pci tun vhost_net
modprobe kvm_amd 2>/dev/null || modprobe kvm_intel
say 'modules'

/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --subsystem-match=net --subsystem-match=pci --subsystem-match=misc --subsystem-match=vfio
udevadm settle --timeout=60
for device in /sys/class/net/*; do
	case $(readlink "$device/device/driver") in
	*/virtio_net)
		ip link set "${device##*/}" up
		ip address add 10.0.2.15/24 dev "${device##*/}"
		;;
	esac
done
/usr/sbin/sshd
say 'sshd'

dbus-uuidgen --ensure
mkdir -p /run/dbus
dbus-daemon --system --fork
/usr/sbin/virtlogd --daemon
/usr/sbin/virtlockd --daemon
/usr/sbin/libvirtd --daemon
say 'libvirtd started'

tries=0
until virsh --quiet --connect qemu:///system version >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || { echo 'LAB-FAILED libvirtd does not answer' >/dev/console; break; }
	sleep 0.1
done
say 'libvirtd answers'
echo LAB-READY >/dev/console

# As process 1 this shell reaps what others leave behind, while it waits.
while :; do
	sleep 1000
done
