// Three VFs of the mock 82599 (kernel-module/mock) in namespaces, for the script of a mock machine.

/** VF N is `e` in namespace aN with 02:00:00:00:00:aN, and 10.0.0.N and fd00::N counted from one. The PF, `$pfdev`,
 * is 10.0.0.100. */
export const threeVfs = `
inside() { name=$1; shift; ip netns exec $name "$@"; }
answers() { inside a$1 ping -c 1 -W 2 $2; }
# A frame that is lost now and then is no answer either way: many are sent.
reach() { waitfor 60 answers $1 $2 && echo "a$1 reaches $2"; }
silence() { inside a$1 ping -c 5 -i 0.2 -W 1 $2 >/dev/null 2>&1 && echo "a$1 reaches $2" || echo "a$1 does not reach $2"; }
# A VF's driver takes its settings over when it is reset.
again() { for vf in 0 1 2; do ip -n a$vf link set e down; ip -n a$vf link set e up; done; for vf in 0 1 2; do waitfor 60 inside a$vf grep -qx 1 /sys/class/net/e/carrier; done; }

start ours
waitfor 20 test -d $pf/net
pfdev=$(pfdev)
ip link set $pfdev up
ethtool -K $pfdev tso off >/dev/null
ip address add 10.0.0.100/24 dev $pfdev
waitfor 20 carrier $pfdev
echo 3 >$pf/sriov_numvfs
for vf in 0 1 2; do ip link set $pfdev vf $vf mac 02:00:00:00:00:a$vf; done
load ixgbevf
mkdir -p /var/run/netns
for vf in 0 1 2; do
	waitfor 20 test -d $pf/virtfn$vf/net
	ip netns add a$vf
	ip link set $(vfdev $vf) netns a$vf name e
	inside a$vf ethtool -K e tso off >/dev/null
	ip -n a$vf address add 10.0.0.$((vf + 1))/24 dev e
	ip -n a$vf link set lo up
	ip -n a$vf link set e up
	waitfor 60 inside a$vf grep -qx 1 /sys/class/net/e/carrier
	ip -n a$vf -6 address add fd00::$((vf + 1))/64 dev e nodad
done
`;
