#!/bin/sh
# Runs QEMU out of the lab's tree, and ends it when the process that started us dies.
# usage, in a session and a mount namespace of its own: guard.sh STATE TREE IMAGES POINT COMMAND...
#
# Stdin is a pipe from the lab process. End of file on it, without the word `detach` before, means that
# the lab process is gone, killed or crashed: QEMU must not outlive it, nor its state directory.
#
# A QEMU that ends by itself leaves its exit code in STATE/ended. Where the emulated kernel said nothing before, the
# emulator is to blame: the file that VFCTL_LAB_DEATHS names gets a line, so that who runs tests can tell that from a
# test that failed.
set -eu
state=$1 tree=$2 images=$3 point=$4
shift 4

echo $$ >"$state/guard.pid" # Also the process group of all that follows.
rm -f "$state/ended"
root=$tree/root
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$tree/root.ext4" "$root/mnt/disk"
mount --bind "$state" "$root/mnt/state"
mount --bind "$images" "$root/mnt/images"
[ -z "$point" ] || mount --bind "$point" "$root/mnt/point"

exec 3<&0 </dev/null
# If this shell is killed the kernel kills QEMU (--pdeathsig); chroot and QEMU take the place of setpriv, so the pid stays.
# Temporary files of QEMU (what is written to a disk with snapshot=on) go where the lab's other files are.
TMPDIR=/mnt/state setpriv --pdeathsig KILL chroot "$root" "$@" 3<&- &
qemu=$!
echo "$qemu" >"$state/qemu.pid"

(
	while read -r word <&3; do
		[ "$word" != detach ] || exit 0
	done
	: >"$state/orphaned"
	kill -KILL "$qemu"
) &
watcher=$!
exec 3<&-

code=0
wait "$qemu" || code=$?
if [ -e "$state/orphaned" ]; then
	rm -rf "$state"
else
	kill "$watcher" 2>/dev/null || :
	echo "$code" >"$state/ended"
	if [ -n "${VFCTL_LAB_DEATHS:-}" ] && ! grep -aq 'Kernel panic\|Oops\|BUG:\|Power down' "$state/console"; then
		echo "${state##*/}: QEMU ended by itself with code $code; $(tr '\n' ' ' <"$state/cpu.log" | cut -c1-400)" >>"$VFCTL_LAB_DEATHS"
	fi
fi
exit "$code"
