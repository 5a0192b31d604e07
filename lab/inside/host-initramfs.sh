#!/bin/sh
# The first process of the emulated host: a read-only disk under a tmpfs, so that a snapshot of
# the memory is a snapshot of everything.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
case " $(cat /proc/cmdline) " in
*' lab.probe '*) # Does KVM work here, and does it let a guest run guests?
	grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo && echo BOOTOK >/dev/console
	poweroff -f
	;;
esac

while read -r module; do
	insmod "/modules/$module"
done </modules.order

tries=0
while [ ! -b /dev/vda ]; do
	tries=$((tries + 1))
	[ $tries -lt 600 ] || { echo 'LAB-FAILED the disk did not appear' >/dev/console; poweroff -f; }
	sleep 0.1
done

# The disk itself, written to, for systemd; what is below /overlay and /systemd becomes part of it
# at the first boot.
case " $(cat /proc/cmdline) " in
*' lab.systemd '*)
	mount -t ext4 -o rw /dev/vda /root &&
		{ [ -e /root/lab/laid ] || cp -a /overlay/. /systemd/. /root/; } &&
		: >/root/lab/laid &&
		mount --move /dev /root/dev &&
		mount --move /proc /root/proc &&
		mount --move /sys /root/sys &&
		exec switch_root /root /usr/lib/systemd/systemd
	echo 'LAB-FAILED the disk could not be mounted' >/dev/console
	poweroff -f
	;;
esac

mount -t ext4 -o ro,noload /dev/vda /ro &&
	mount -t tmpfs -o size=90% rw /rw &&
	mkdir /rw/upper /rw/work &&
	cp -a /overlay/. /rw/upper/ &&
	mount -t overlay -o lowerdir=/ro,upperdir=/rw/upper,workdir=/rw/work root /root &&
	mount --move /dev /root/dev &&
	mount --move /proc /root/proc &&
	mount --move /sys /root/sys &&
	exec switch_root /root /usr/sbin/lab-init
echo 'LAB-FAILED the root could not be mounted' >/dev/console
poweroff -f
