// vfctl_fwd with the real ixgbe and ixgbevf on the mock 82599 (kernel-module/mock): what the emulated igb does not
// have. Who reaches whom is the same by the card's switch and with the module, and the module says why.
import test from 'ava';
import {mockKernel} from './helpers/mock-drivers.ts';
import {buildableKernels, complaints, runMockMachine} from './helpers/mock-machine.ts';
import {threeVfs} from './helpers/mock-vfs.ts';

/** Pings from VF 0 to VF 1. */
interface Rule {
	name: string;
	/** Shell lines. */
	set: string;
	unset: string;
	reaches: boolean;
	/** Where the module counted the frames of VF 0, and where they arrive, of VF 1. */
	ways: string;
}

const link = (vf: number, state: string) => `ip link set $pfdev vf ${vf} state ${state}`;
const rules: readonly Rule[] = [
	{name: 'nothing set', set: '', unset: '', reaches: true, ways: 'passed, passed'},
	{name: 'the receiver\'s link disabled', set: link(1, 'disable'), unset: `${link(1, 'auto')}; again`, reaches: false, ways: 'link'},
	{name: 'the sender\'s link disabled', set: link(0, 'disable'), unset: `${link(0, 'auto')}; again`, reaches: false, ways: 'link'},
	{name: 'both links enabled', set: `${link(0, 'enable')}; ${link(1, 'enable')}`, unset: `${link(0, 'auto')}; ${link(1, 'auto')}; again`, reaches: true, ways: 'passed, passed'},
	{name: 'VEPA', set: 'bridge link set dev $pfdev hwmode vepa', unset: 'bridge link set dev $pfdev hwmode veb', reaches: false, ways: 'vepa'},
	{name: 'a trusted VF', set: 'ip link set $pfdev vf 2 trust on', unset: 'ip link set $pfdev vf 2 trust off; again', reaches: true, ways: 'passed, passed'},
	{name: 'a promiscuous PF', set: 'ip link set $pfdev promisc on', unset: 'ip link set $pfdev promisc off', reaches: true, ways: 'passed, passed'},
	{name: 'a trusted VF and a promiscuous PF', set: 'ip link set $pfdev vf 2 trust on; ip link set $pfdev promisc on', unset: 'ip link set $pfdev promisc off; ip link set $pfdev vf 2 trust off; again', reaches: true, ways: 'watched, watched'},
	{name: 'a rate of the sender', set: 'ip link set $pfdev vf 0 max_tx_rate 1000', unset: 'ip link set $pfdev vf 0 max_tx_rate 0', reaches: true, ways: 'rate, passed'},
	{name: 'nothing set any more', set: '', unset: '', reaches: true, ways: 'passed, passed'},
];

const script = `
${threeVfs}
load vfctl_fwd
fwd=/sys/kernel/vfctl/forward
# The frame for a neighbour that does not answer goes out all the same.
known() { for a in 0 1; do ip -n a$a neigh replace 10.0.0.$((2 - a)) lladdr 02:00:00:00:00:a$((1 - a)) dev e nud permanent; done; }
# way VF: where its frames were counted, but for those that are for many, which every interface sends at times.
way() {
	ways=
	while IFS== read -r key count; do
		case $key in passed | card_*) [ $count = 0 ] || [ $key = card_multicast ] || ways="$ways\${ways:+ }\${key#card_}" ;; esac
	done <$fwd/0001:00:00.0/vf$1/stats
	echo "\${ways:-nothing}"
}
ask() { if [ $1 = true ]; then reach 0 10.0.0.2; else silence 0 10.0.0.2; fi; }
both() {
	known
	ask $1
	echo 0001:00:00.0 >$fwd/add
	ask $1
	if [ $1 = true ]; then echo "$(way 0), $(way 1)"; else way 0; fi
	echo 0001:00:00.0 >$fwd/remove
}

${rules.map(({name, set, unset, reaches}) => `section ${name.replaceAll("'", '')}\n${set}\nboth ${reaches}\n${unset} >/dev/null 2>&1 || true\nwaitfor 60 answers 0 10.0.0.2`).join('\n')}

# The same settings made while frames are passed on.
section changed
known
echo 0001:00:00.0 >$fwd/add
reach 0 10.0.0.2
${link(1, 'disable')}
silence 0 10.0.0.2
${link(1, 'auto')}; again; known
reach 0 10.0.0.2
bridge link set dev $pfdev hwmode vepa
# ixgbe tells nobody, and is asked.
waitfor 60 grep -qx vepa $fwd/0001:00:00.0/mode
silence 0 10.0.0.2
bridge link set dev $pfdev hwmode veb
waitfor 60 grep -qx veb $fwd/0001:00:00.0/mode
reach 0 10.0.0.2

# ixgbe must know its own interface: it takes any other that it receives for a macvlan, and its VLANs 512 to 575
# for where the counters of that are (ixgbe_process_skb_fields()). The question for the address comes by the card.
section received
ip link add link $pfdev name v575 type vlan id 575
ip link set v575 up
ip -n a0 neigh flush all
reach 0 10.0.0.100
ip link del v575

# A trusted VF that listens to all hears no more of its neighbours than by the card.
section listener
ip link set $pfdev vf 2 trust on
ip link set $pfdev promisc on
ip -n a2 link set e promisc on
listen() {
	before=$(inside a2 cat /proc/net/dev | sed -n 's/^ *e: *[0-9]* *\\([0-9]*\\).*/\\1/p')
	inside a0 ping -c 40 -i 0.05 -W 1 10.0.0.2 >/dev/null 2>&1
	after=$(inside a2 cat /proc/net/dev | sed -n 's/^ *e: *[0-9]* *\\([0-9]*\\).*/\\1/p')
	[ $((after - before)) -lt 40 ] && echo 'a2 hears nothing' || echo 'a2 hears them'
}
listen
echo 0001:00:00.0 >$fwd/remove
listen

section log; dmesg
rmmod ixgbevf && rmmod ixgbe && rmmod vfctl_fwd && rmmod mock82599 && rmmod vfctl_pf && section gone && ls /sys/kernel/vfctl 2>&1
`;

for (const {series, release} of buildableKernels()) {
	test.serial(`${series}: link state, VEPA, trust and rates are the same by the card and with the module`, async t => {
		const kernel = await mockKernel(release, series, line => t.log(line));
		const sections = await runMockMachine(kernel, script);
		t.deepEqual(complaints(sections), []);
		for (const {name, reaches, ways} of rules) {
			const said = `a0 ${reaches ? 'reaches' : 'does not reach'} 10.0.0.2`;
			t.deepEqual(sections.get(name.replaceAll("'", ''))!.split('\n'), [said, said, ways], name);
		}

		const [yes, no] = ['a0 reaches 10.0.0.2', 'a0 does not reach 10.0.0.2'];
		t.deepEqual(sections.get('changed')!.split('\n'), [yes, no, yes, no, yes]);
		t.is(sections.get('received'), 'a0 reaches 10.0.0.100');
		t.deepEqual(sections.get('listener')!.split('\n'), ['a2 hears nothing', 'a2 hears nothing']);
		t.regex(sections.get('gone')!, /No such file/);
	});
}
