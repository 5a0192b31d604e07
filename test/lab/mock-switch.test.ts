// Frames between the real ixgbe and ixgbevf through the switch of the mock 82599 (kernel-module/mock):
// who reaches whom by MAC and VLAN, what becomes of a foreign source address, and VEPA.
import test from 'ava';
import type {MailboxView} from '../../lib/render/mailbox-view.ts';
import {mockKernel} from './helpers/mock-drivers.ts';
import {buildableKernels, complaints, runMockMachine} from './helpers/mock-machine.ts';
import {threeVfs} from './helpers/mock-vfs.ts';

const script = `
${threeVfs}
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
