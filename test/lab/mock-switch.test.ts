// Frames between the real ixgbe and ixgbevf through the switch of the mock 82599 (kernel-module/mock):
// who reaches whom by MAC and VLAN, what becomes of a foreign source address, and VEPA.
import test from 'ava';
import type {MailboxView} from '../../lib/render/mailbox-view.ts';
import {mockKernel} from './helpers/mock-drivers.ts';
import {buildableKernels, complaints, runMockMachine} from './helpers/mock-machine.ts';

// VF N is `e` in namespace aN with 02:00:00:00:00:aN, and 10.0.0.N and fd00::N counted from one.
const script = `
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

section plain
reach 0 10.0.0.2
reach 1 10.0.0.3
reach 2 10.0.0.1
reach 0 10.0.0.100
reach 0 fd00::2
waitfor 60 ping -c 1 -W 2 10.0.0.2 && echo 'the PF reaches 10.0.0.2'

section stream
seq 1 60000 >/tmp/sent
inside a1 httpd -f -p 80 -h /tmp &
server=$!
waitfor 30 inside a1 sh -c 'netstat -ltn | grep -q :80'
inside a0 timeout 120 wget -q -O /tmp/got http://10.0.0.2/sent
kill $server
cmp /tmp/sent /tmp/got && echo same

section tagged
for vf in 0 1; do
	ip -n a$vf link add link e name e.7 type vlan id 7
	ip -n a$vf address add 10.7.0.$((vf + 1))/24 dev e.7
	ip -n a$vf link set e.7 up
done
ip -n a2 link add link e name e.8 type vlan id 8
ip -n a2 address add 10.7.0.3/24 dev e.8
ip -n a2 link set e.8 up
reach 0 10.7.0.2
silence 0 10.7.0.3

section vlans
ip link set $pfdev vf 0 vlan 10
ip link set $pfdev vf 1 vlan 10
ip link set $pfdev vf 2 vlan 20
again
reach 0 10.0.0.2
silence 0 10.0.0.3
silence 2 10.0.0.2
silence 0 10.0.0.100
for vf in 0 1 2; do ip link set $pfdev vf $vf vlan 0; done
again
reach 0 10.0.0.3
reach 1 10.0.0.100

# A macvlan in the guest whose MAC the PF refuses: its frames have a foreign source address.
section spoofed
ip netns add b0
ip -n a0 link add link e name second address 02:00:00:00:00:77 type macvlan
ip -n a0 link set second netns b0
ip -n b0 address add 10.0.0.77/24 dev second
ip -n b0 link set second up
knows() { ip -n a1 neighbour show 10.0.0.77 | grep -q 02:00:00:00:00:77; }
inside b0 ping -c 5 -i 0.2 -W 1 10.0.0.2 >/dev/null
knows && echo 'a1 heard it' || echo 'a1 heard nothing'
waitfor 60 logged 'Spoofed packets detected'
told spoofed-told
section let
ip link set $pfdev vf 0 spoofchk off
heard() { inside b0 ping -c 1 -W 1 10.0.0.2; knows; }
waitfor 60 heard && echo 'a1 heard it'

# What the card switches itself, and what it leaves to a switch outside, which is not there.
section vepa
ip link set $pfdev vf 0 spoofchk on
vfctl forward switch vepa $pfdev --yes 2>&1
silence 0 10.0.0.2
section vepa-again; vfctl forward switch vepa $pfdev --yes 2>&1
section veb
vfctl undo --yes 2>&1
reach 0 10.0.0.2

section log; dmesg
rmmod ixgbevf && rmmod ixgbe && rmmod mock82599 && rmmod vfctl_pf && section gone && ls /sys/kernel/vfctl 2>&1
`;

for (const {series, release} of buildableKernels()) {
	test.serial(`${series}: VFs and the PF reach each other by MAC and VLAN, and nobody by a foreign address`, async t => {
		const kernel = await mockKernel(release, series, line => t.log(line));
		const sections = await runMockMachine(kernel, script);
		const said = (name: string): string[] => sections.get(name)!.split('\n');
		t.deepEqual(complaints(sections), []);
		t.deepEqual(said('plain'), ['a0 reaches 10.0.0.2', 'a1 reaches 10.0.0.3', 'a2 reaches 10.0.0.1', 'a0 reaches 10.0.0.100', 'a0 reaches fd00::2', 'the PF reaches 10.0.0.2']);
		t.deepEqual(said('stream'), ['same']);
		t.deepEqual(said('tagged'), ['a0 reaches 10.7.0.2', 'a0 does not reach 10.7.0.3']);
		t.deepEqual(said('vlans'), ['a0 reaches 10.0.0.2', 'a0 does not reach 10.0.0.3', 'a2 does not reach 10.0.0.2', 'a0 does not reach 10.0.0.100', 'a0 reaches 10.0.0.3', 'a1 reaches 10.0.0.100']);
		t.deepEqual(said('spoofed'), ['a1 heard nothing']);
		t.true((JSON.parse(sections.get('spoofed-told')!) as MailboxView).pfs[0]!.spoofedPackets! > 0);
		t.deepEqual(said('let'), ['a1 heard it']);
		t.true(sections.get('vepa')!.endsWith('done: make the switch of eth0 a VEPA\na0 does not reach 10.0.0.2'), sections.get('vepa'));
		t.regex(sections.get('vepa-again')!, /^nothing to do/m);
		t.true(sections.get('veb')!.endsWith('done: undo operation 1: make the switch of eth0 a VEPA\na0 reaches 10.0.0.2'), sections.get('veb'));
		t.regex(sections.get('gone')!, /No such file/);
	});
}
