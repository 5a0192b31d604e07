// vfctl_fwd on a real kernel, with the distribution's own PF driver: who reaches whom is the same with
// the module as without it, whatever is set; what the card must see goes to the card.
import test from 'ava';
import type {OtherKernel} from '../../../lab/kernels.ts';
import {Lab} from '../../../lab/lab.ts';
import {answers, bothWays, forwardDirectory, insertForward, loadForward, makeSides, numbers, pf, type Side} from './forward-world.ts';
import {complaint, declareSelfChecks} from './self-checks.ts';
import {killed, LabVfctl} from './vfctl.ts';

interface Rule {
	name: string;
	/** Shell lines; A and B stand for the interfaces of the VFs. */
	set: string;
	unset: string;
	to?: string;
	options?: string;
	/** Pings of three that come back, with and without the module. */
	answers?: 0 | 3;
	/** Where a frame of the sender was counted. */
	way: string;
}

const tag = (namespace: string, netdev: string, number: number) =>
	`ip -n ${namespace} link add link ${netdev} name tag5 type vlan id 5 && ip -n ${namespace} addr add 10.5.0.${number}/24 dev tag5 && ip -n ${namespace} link set tag5 up`;
const untag = 'ip -n a link del tag5 2>/dev/null; ip -n b link del tag5 2>/dev/null || true';
const drop = (namespace: string, netdev: string, direction: string) =>
	`ip netns exec ${namespace} tc qdisc add dev ${netdev} clsact && ip netns exec ${namespace} tc filter add dev ${netdev} ${direction} matchall action drop`;

const rewrite = "ip netns exec a nft 'add table netdev test; add chain netdev test leaves { type filter hook egress device A priority 0; }; add rule netdev test leaves ether saddr set 02:00:00:00:00:99'";

const rules: readonly Rule[] = [
	{name: 'nothing set', set: 'true', unset: 'true', answers: 3, way: 'passed'},
	{name: 'a port VLAN at the sender alone', set: 'ip link set eth1 vf 0 vlan 100', unset: 'ip link set eth1 vf 0 vlan 0', answers: 0, way: 'card_vlan'},
	{name: 'the same port VLAN', set: 'ip link set eth1 vf 0 vlan 100 && ip link set eth1 vf 1 vlan 100', unset: 'ip link set eth1 vf 0 vlan 0; ip link set eth1 vf 1 vlan 0', answers: 3, way: 'passed'},
	{name: 'another port VLAN', set: 'ip link set eth1 vf 0 vlan 100 && ip link set eth1 vf 1 vlan 200', unset: 'ip link set eth1 vf 0 vlan 0; ip link set eth1 vf 1 vlan 0', answers: 0, way: 'card_vlan'},
	{name: 'tags that both VFs take', set: `${tag('a', 'A', 1)} && ${tag('b', 'B', 2)}`, unset: untag, to: '10.5.0.2', answers: 3, way: 'passed'},
	{name: 'a tag that the receiver does not take', set: tag('a', 'A', 1), unset: untag, to: '10.5.0.2', answers: 0, way: 'card_vlan'},
	{name: 'a frame that is larger than the receiver takes', set: 'ip -n b link set B mtu 1400', unset: 'ip -n b link set B mtu 1500', options: '-s 1450 -M do', answers: 0, way: 'card_mtu'},
	{name: 'a receiver that is down', set: 'ip -n b link set B down', unset: 'ip -n b link set B up', answers: 0, way: 'card_link'},
	{name: 'a rate of the sender', set: 'ip link set eth1 vf 0 max_tx_rate 100', unset: 'ip link set eth1 vf 0 max_tx_rate 0', answers: 3, way: 'card_rate'},
	{name: 'a rate of the receiver, for what that sends', set: 'ip link set eth1 vf 1 max_tx_rate 100', unset: 'ip link set eth1 vf 1 max_tx_rate 0', answers: 3, way: 'passed'},
	{name: 'a qdisc that delays', set: 'ip netns exec a tc qdisc add dev A root netem delay 1ms', unset: 'ip netns exec a tc qdisc del dev A root', answers: 3, way: 'card_qdisc'},
	{name: 'tc drops what leaves', set: drop('a', 'A', 'egress'), unset: 'ip netns exec a tc qdisc del dev A clsact', answers: 0, way: 'card_tc'},
	{name: 'tc drops what arrives', set: drop('b', 'B', 'ingress'), unset: 'ip netns exec b tc qdisc del dev B clsact', answers: 0, way: 'passed'},
	{name: 'a second address of the sender, which only the card knows', set: 'ip -n a link set A down && ip -n a link add link A name other type macvlan mode private && ip -n a link set A up && ip -n a addr del 10.9.0.1/24 dev A && ip -n a addr add 10.9.0.1/24 dev other && ip -n a link set other up', unset: 'ip -n a link del other; ip -n a addr add 10.9.0.1/24 dev A', answers: 3, way: 'card_spoofed'},
	{name: 'a tag at the sender, that port VLAN at the receiver', set: `${tag('a', 'A', 1)} && ip link set eth1 vf 1 vlan 5 && ip -n b addr add 10.5.0.2/24 dev B`, unset: `${untag}; ip link set eth1 vf 1 vlan 0; ip -n b addr del 10.5.0.2/24 dev B`, to: '10.5.0.2', answers: 3, way: 'passed'},
	{name: 'a port VLAN at the sender, that tag at the receiver', set: `ip link set eth1 vf 0 vlan 5 && ${tag('b', 'B', 2)} && ip -n a addr add 10.5.0.1/24 dev A`, unset: `${untag}; ip link set eth1 vf 0 vlan 0; ip -n a addr del 10.5.0.1/24 dev A`, to: '10.5.0.2', answers: 3, way: 'passed'},
	{name: 'an XDP program at the receiver', set: 'ip netns exec b python3 /root/frames.py xdp B pass', unset: 'ip netns exec b python3 /root/frames.py xdp B none', answers: 3, way: 'card_xdp'},
	{name: 'an XDP program at the receiver that drops', set: 'ip netns exec b python3 /root/frames.py xdp B drop', unset: 'ip netns exec b python3 /root/frames.py xdp B none', answers: 0, way: 'card_xdp'},
	{name: 'an XDP program at the sender, for what that receives', set: 'ip netns exec a python3 /root/frames.py xdp A pass', unset: 'ip netns exec a python3 /root/frames.py xdp A none', answers: 3, way: 'passed'},
	// What the emulated card does with it is not said: the same, whatever it is.
	{name: 'a foreign source address', set: rewrite, unset: 'ip netns exec a nft delete table netdev test', way: 'card_spoofed'},
];

/** Declares the tests, in a lab of that kernel. */
export function exerciseForward(kernel?: OtherKernel): void {
	let lab: Lab;
	let vfctl: LabVfctl;
	let sides: Side[];

	test.before(async () => {
		lab = await Lab.start({name: `forward-${process.pid}`, kernel});
		vfctl = await LabVfctl.install(lab);
		await lab.exec('modprobe -a 8021q macvlan sch_netem nf_tables cls_matchall act_gact sch_ingress');
		await lab.put('test/lab/helpers/frames.py', '/root/frames.py');
		await vfctl.capture('/tmp/before.rec');
		await loadForward(lab, kernel);
		sides = await makeSides(lab);
		await lab.waitFor(`ip netns exec a ping -c 1 -W 1 ${sides[1]!.address}`);
	});

	test.after.always(async () => {
		await lab?.down();
	});

	const inLab = (line: string) => line.replace(/\b([AB])\b/g, (_, letter: string) => sides[letter === 'A' ? 0 : 1]!.netdev);

	/** The links are up and what goes by the card arrives again. */
	async function settled(to: string): Promise<void> {
		await lab.exec(sides.map(side => side.neighbours).join(' && '));
		await lab.waitFor(`ip netns exec a ping -c 1 -W 1 ${to}`);
	}

	for (const rule of rules) {
		test.serial(rule.name, async t => {
			const to = rule.to ?? sides[1]!.address;
			await lab.exec(inLab(rule.set));
			try {
				if (rule.to !== undefined) {
					await lab.exec(`ip -n a neigh replace ${to} lladdr ${sides[1]!.mac} dev tag5 nud permanent; ip -n b neigh replace 10.5.0.1 lladdr ${sides[0]!.mac} dev tag5 nud permanent || true`);
				}

				if (rule.answers === 3) {
					await lab.waitFor(`ip netns exec a ping -c 1 -W 1 ${to}`);
				}

				const {card, module, ways} = await bothWays(lab, to, rule.options);
				t.is(module, card);
				t.is(card, rule.answers ?? card);
				t.true(ways[rule.way]! >= 3, `${rule.way}: ${JSON.stringify(ways)}`);
				t.is(rule.way === 'passed', ways['passed']! > 0, JSON.stringify(ways));
			} finally {
				await lab.exec(inLab(rule.unset), {ok: 'any'});
			}

			await settled(sides[1]!.address);
		});
	}

	const isLoaded = async () => (await lab.exec('cut -d" " -f1 /proc/modules')).stdout.split('\n').includes('vfctl_fwd');
	const isOn = async () => (await lab.exec(`test -d ${forwardDirectory}/${pf}`, {ok: 'any'})).code === 0;

	test.serial('vfctl loads it, switches it on, tells of it, and takes everything back', async t => {
		await lab.exec('rmmod vfctl_fwd vfctl_pf');
		try {
			await vfctl.capture('/tmp/forward.rec');
			t.false((await vfctl.run(['forward', 'table'])).json.loaded);
			const on = (await vfctl.run(['forward', 'on', 'eth1'])).json;
			t.true(on.changed && await isLoaded() && await isOn());
			t.false((await vfctl.run(['forward', 'on', 'eth1'])).json.changed);

			t.is(await answers(lab, sides[1]!.address), 3);
			const [table] = (await vfctl.run(['forward', 'table', 'eth1'])).json.pfs;
			t.deepEqual([table.name, table.on, table.mode], ['eth1', true, 'veb']);
			t.deepEqual(table.ports.map((port: {name: string; netdev: string; namespace: string | null}) => [port.name, port.netdev, port.namespace]), [['eth1', 'eth1', null], ...sides.map(({namespace, netdev}, index) => [`eth1#${index}`, netdev, namespace])]);
			for (const [index, {mac}] of sides.entries()) {
				t.deepEqual([table.ports[index + 1].held, table.ports[index + 1].rules.macs], [null, [mac]]);
			}

			const [{ports}] = (await vfctl.run(['forward', 'stats'])).json.pfs;
			t.true(ports[1].stats.passed >= 3 && ports[2].stats.rxPackets >= 3, JSON.stringify(ports));

			const off = (await vfctl.run(['forward', 'off', 'eth1'])).json;
			t.true(off.changed && await isLoaded() && !await isOn());
			t.is(await answers(lab, sides[1]!.address), 3);
			await vfctl.run(['undo', String(off.operation), '--yes']);
			t.true(await isOn());
			await vfctl.run(['undo', String(on.operation), '--yes']);
			t.false(await isLoaded());
			t.deepEqual(await vfctl.changesSince('/tmp/forward.rec'), []);
		} finally {
			await restoreModule();
		}
	});

	test.serial('killed between loading and switching on, recover unloads it', async t => {
		await lab.exec('rmmod vfctl_fwd vfctl_pf');
		try {
			for (const fault of ['kill@1:after', 'kill@2:before', 'kill@2:after']) {
				await vfctl.run(['forward', 'on', 'eth1'], {code: killed, env: {VFCTL_FAULT: fault}});
				await vfctl.run(['recover', '--yes']);
				t.false(await isLoaded(), fault);
			}

			t.deepEqual(await vfctl.changesSince('/tmp/forward.rec'), []);
		} finally {
			await restoreModule();
		}
	});

	/** As the other tests expect it: loaded, and on for no PF. */
	async function restoreModule(): Promise<void> {
		await insertForward(lab);
		await lab.exec(`if test -d ${forwardDirectory}/${pf}; then echo ${pf} > ${forwardDirectory}/remove; fi`);
	}

	test.serial('the counters of both interfaces tell what was passed on', async t => {
		const counted = async () => Promise.all(sides.slice(0, 2).map(async ({namespace, netdev}) => {
			const {stats64: {rx, tx}} = JSON.parse((await lab.exec(`ip -n ${namespace} -json -stats link show ${netdev}`)).stdout)[0];
			return {rx: rx.packets as number, tx: tx.packets as number};
		}));
		await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
		const before = await counted();
		t.is(await answers(lab, sides[1]!.address), 3);
		const after = await counted();
		for (const [index, {rx, tx}] of after.entries()) {
			t.true(rx - before[index]!.rx >= 3 && tx - before[index]!.tx >= 3, JSON.stringify({before, after}));
		}

		const stats = await numbers(lab, 'vf0/stats');
		t.true(stats['tx_packets']! >= 3 && stats['rx_packets']! >= 3, JSON.stringify(stats));
		t.true(stats['tx_bytes']! >= 3 * 98 && stats['passed'] === stats['tx_packets'], JSON.stringify(stats));
	});

	test.serial('ports follow their interfaces: a namespace that goes, VFs that go', async t => {
		const ports = async () => (await lab.exec(`ls ${forwardDirectory}/${pf}`)).stdout.trim().split('\n').filter(name => name.startsWith('vf'));
		t.deepEqual(await ports(), ['vf0', 'vf1', 'vf2']);
		const netns = async () => (await numbers(lab, 'vf2/rules'))['netns'];
		const inNamespace = await netns();
		await lab.exec('ip netns del c');
		await lab.waitFor(`ls ${forwardDirectory}/${pf}/vf2`);
		t.not(await netns(), inNamespace);
		await lab.exec('ip netns del a && ip netns del b');
		await lab.exec(`/lab/vfs 0 ${pf}`);
		t.deepEqual(await ports(), []);
	});

	test.serial('what is written to it must be a PF with VFs', async t => {
		const write = async (file: string, text: string) => (await lab.exec(`printf %s '${text}' > ${forwardDirectory}/${file}`, {ok: 'any'})).stderr;
		t.regex(await write('add', pf), /File exists/);
		for (const text of ['nonsense', '0000:01:00', '0000:01:00.0 and more', 'ffff:ff:1f.7', '0000:01:40.0']) {
			t.regex(await write('add', text), /No such device|Invalid argument/, text);
		}

		t.regex(await write('add', '0000:00:00.0'), /Invalid argument/);
		t.regex(await write('remove', '0000:02:00.0'), /No such file/);
	});

	test.serial('unloaded, the host is as it was, and the kernel complained of nothing', async t => {
		await lab.exec('rmmod vfctl_fwd vfctl_pf');
		t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
		const {stdout} = await lab.exec('dmesg');
		t.notRegex(stdout, complaint);
	});

	declareSelfChecks(() => lab);
}
