// The owner of a VF, with raw sockets, gains nothing by vfctl_fwd: whatever it sends, each receiver gets at most what
// the card brings it without the module.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {Captures, inside, spoken, type Listener, type Seen} from './helpers/captures.ts';
import {forwardDirectory, loadForward, makeSides, numbers, pf, type Side} from './helpers/forward-world.ts';
import {badLargeFrames, hexOf, hostileFrames, type HostileFrame} from './helpers/hostile-frames.ts';
import {complaint, declareSelfChecks} from './helpers/self-checks.ts';

let lab: Lab;
let sides: Side[];
let captures: Captures;
let listeners: Listener[];
let frames: HostileFrame[];

test.before(async () => {
	lab = await Lab.start({name: `forward-hostile-${process.pid}`});
	await lab.exec('modprobe -a 8021q macvtap');
	await loadForward(lab);
	sides = await makeSides(lab);
	await lab.put('test/lab/helpers/frames.py', '/root/frames.py');
	// b is the victim, c stands by and listens to all that it can; eth2 is what is outside.
	listeners = [...sides.map(({namespace, netdev}) => ({name: namespace, namespace, netdev})), {name: 'pf', netdev: 'eth1'}, {name: 'outside', netdev: 'eth2'}];
	await lab.exec(`ip -n c link set ${sides[2]!.netdev} promisc on`);
	await lab.exec('ip link set eth2 promisc on');
	await lab.waitFor(`ip netns exec a ping -c 1 -W 1 ${sides[1]!.address}`);
	captures = await Captures.start(lab, listeners);
	await captures.mark(listeners[0]!); // All listen.
	frames = hostileFrames({own: sides[0]!.mac, victim: sides[1]!.mac, other: sides[2]!.mac, pf: (await lab.exec('cat /sys/class/net/eth1/address')).stdout.trim()});
	await lab.exec(['sh', '-c', 'cat >/run/frames'], {input: frames.map(({name, how, frame}) => `${name} ${how} ${frame}\n`).join('')});
	await lab.exec('dmesg --clear');
});

test.after.always(async () => {
	await lab?.down();
});

interface Pass {
	/** What the sockets said, by frame. */
	said: string;
	seen: Map<string, Seen[]>;
	/** Where the frames of a's VF went. */
	ways: Record<string, number>;
}

/** Sends from a: with the module or by the card. */
async function pass(on: boolean, unset: string, target: {listener: Listener; file: string}): Promise<Pass> {
	if (on) {
		await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
	}

	const said = (await lab.exec(`${inside(target.listener)}python3 /root/frames.py send ${target.listener.netdev} ${target.file}`)).stdout;
	const ways = on ? await numbers(lab, 'vf0/stats') : {};
	if (on) {
		await lab.exec(`echo ${pf} > ${forwardDirectory}/remove`);
	}

	// A mark in no VLAN, which all hear.
	await lab.exec(unset);
	await captures.mark(listeners[0]!);
	return {said, seen: await captures.seen(), ways};
}

/** How often each frame was seen in a direction, with its tag. Large frames are cut by the card and not by the
 * module: of them it is compared to whom they came at all. */
function counted(seen: readonly Seen[], direction: 'in' | 'out'): Map<string, number> {
	const counts = new Map<string, number>();
	for (const one of seen.filter(one => one.direction === direction)) {
		const large = spoken(one.frame).includes('large');
		const key = large ? spoken(one.frame) : `${spoken(one.frame)} ${one.tag} ${one.frame}`;
		counts.set(key, large ? 1 : (counts.get(key) ?? 0) + 1);
	}

	return counts;
}

/** Frames that are more often in the second than in the first. */
function gained(without: readonly Seen[], withModule: readonly Seen[]): string[] {
	const before = counted(without, 'in');
	return [...counted(withModule, 'in')].filter(([key, count]) => count > (before.get(key) ?? 0)).map(([key]) => key.slice(0, 200));
}

const names = (seen: readonly Seen[], direction: 'in' | 'out' = 'in') => new Set(seen.filter(one => one.direction === direction).map(({frame}) => spoken(frame)));

/** Both passes, compared. */
async function compare(t: import('ava').ExecutionContext, set: string, unset: string): Promise<{card: Pass; module: Pass}> {
	const target = {listener: listeners[0]!, file: '/run/frames'};
	await lab.exec(set);
	const card = await pass(false, unset, target);
	await lab.exec(set);
	const module = await pass(true, unset, target);
	t.log(`a's frames went: ${Object.entries(module.ways).filter(([name, count]) => count > 0 && /^(passed|card)/.test(name)).map(([name, count]) => `${name} ${count}`).join(', ')}`);
	for (const {name} of listeners) {
		t.deepEqual(gained(card.seen.get(name)!, module.seen.get(name)!), [], `${name} gained`);
		const lost = [...names(card.seen.get(name)!)].filter(one => !names(module.seen.get(name)!).has(one));
		t.log(`${name}: ${names(card.seen.get(name)!).size} frames by the card, ${names(module.seen.get(name)!).size} with the module${lost.length === 0 ? '' : `, without ${lost.join(' ')}`}`);
	}

	// The sender's programs are told the same, and who listens there sees the same.
	t.is(module.said, card.said);
	t.deepEqual(counted(module.seen.get('a')!, 'out'), counted(card.seen.get('a')!, 'out'));
	return {card, module};
}

test.serial('all of it, with nothing set', async t => {
	const {card, module} = await compare(t, 'true', 'true');
	t.log(card.said.split('\n').filter(line => !line.endsWith(' ok')).join(', '));
	for (const {seen} of [card, module]) {
		t.true(names(seen.get('b')!).has('good-victim') && names(seen.get('b')!).has('good-large') && names(seen.get('c')!).has('good-other') && names(seen.get('pf')!).has('good-pf'));
	}

	t.true(module.ways['passed']! >= 4 && module.ways['card_spoofed']! >= 4 && module.ways['card_control']! >= 2 && module.ways['card_bypass']! >= 2 && module.ways['card_offload']! >= 4, JSON.stringify(module.ways));
	// What is for one of them is nobody else's.
	t.false(names(module.seen.get('c')!).has('good-victim'));
	t.false(names(module.seen.get('outside')!).has('good-victim'));
});

for (const [title, set, unset] of [
	['under a port VLAN', 'ip link set eth1 vf 0 vlan 100', 'ip link set eth1 vf 0 vlan 0'],
	['under the victim\'s port VLAN', 'ip link set eth1 vf 0 vlan 100 && ip link set eth1 vf 1 vlan 100', 'ip link set eth1 vf 0 vlan 0 && ip link set eth1 vf 1 vlan 0'],
	['while only the victim has a port VLAN', 'ip link set eth1 vf 1 vlan 100', 'ip link set eth1 vf 1 vlan 0'],
	['without the check of addresses', 'ip link set eth1 vf 0 spoofchk off', 'ip link set eth1 vf 0 spoofchk on'],
] as const) {
	test.serial(`all of it, ${title}`, async t => {
		await compare(t, set, unset);
	});
}

test.serial('a flood from a foreign address reaches nobody, and the others are answered beside it', async t => {
	await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
	const frame = frames.find(({name}) => name === 'from-nobody')!.frame;
	await lab.exec(`(ip netns exec a setsid python3 /root/frames.py flood ${sides[0]!.netdev} 20000 ${frame} >/run/flood 2>&1 </dev/null &)`);
	await lab.waitFor(`ip netns exec c ping -c 1 -W 1 ${sides[1]!.address}`);
	await lab.waitFor('grep -q . /run/flood');
	const ways = await numbers(lab, 'vf0/stats');
	await lab.exec(`echo ${pf} > ${forwardDirectory}/remove`);
	await captures.mark(listeners[0]!);
	const seen = await captures.seen();
	t.true(ways['card_spoofed']! >= 10_000, JSON.stringify(ways));
	t.is(ways['passed'], 0);
	t.false(names(seen.get('c')!).has('from-nobody'));
});

test.serial('large frames of a guest, by macvtap, that lie about what they are', async t => {
	// The VF's interface back on the host, under a macvtap that has its address, as a guest would.
	const netdev = sides[0]!.netdev;
	await lab.exec(`ip netns exec a ip link set ${netdev} netns 1 && ip link set ${netdev} up && ip link add link ${netdev} name tap0 type macvtap mode passthru && ip link set tap0 up`);
	const index = (await lab.exec('cat /sys/class/net/tap0/ifindex')).stdout.trim();
	await lab.waitFor(`test -c /dev/tap${index} && grep -q up /sys/class/net/${netdev}/operstate`);
	const large = badLargeFrames(hexOf((await lab.exec('cat /sys/class/net/tap0/address')).stdout.trim()), hexOf(sides[1]!.mac));
	await lab.exec(['sh', '-c', 'cat >/run/large'], {input: large.map(({name, how, frame}) => `${name} ${how} ${frame}\n`).join('')});
	const victims = listeners.slice(1);
	const outcome = async (on: boolean) => {
		if (on) {
			await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
		}

		const {stdout} = await lab.exec(`python3 /root/frames.py send /dev/tap${index} /run/large`);
		const ways = on ? await numbers(lab, 'vf0/stats') : {};
		if (on) {
			await lab.exec(`echo ${pf} > ${forwardDirectory}/remove`);
		}

		await captures.mark({name: 'b', namespace: 'b', netdev: sides[1]!.netdev});
		return {said: stdout, ways, seen: await captures.seen()};
	};

	captures.forget('a');
	await captures.mark({name: 'b', namespace: 'b', netdev: sides[1]!.netdev});
	const card = await outcome(false);
	const module = await outcome(true);
	t.log(card.said.split('\n').join(', '), JSON.stringify(module.ways));
	t.is(module.said, card.said);
	for (const {name} of victims) {
		t.deepEqual(gained(card.seen.get(name)!, module.seen.get(name)!), [], `${name} gained`);
	}

	t.true(names(module.seen.get('b')!).has('good-large') && names(card.seen.get('b')!).has('good-large'));
	t.log(`b got ${[...names(module.seen.get('b')!)].join(' ')}; by the card ${[...names(card.seen.get('b')!)].join(' ')}`);
	t.true(module.ways['passed']! >= 1 && module.ways['card_offload']! >= 2, JSON.stringify(module.ways));
});

test.serial('with a PF driver of vfctl a second address of a VF is found too', async t => {
	await lab.exec('rmmod vfctl_fwd && rmmod vfctl_pf && for one in a b c; do ip netns delete $one; done; ip link delete tap0; rmmod igb');
	await lab.exec('for one in vfctl_pf igb vfctl_fwd; do insmod /var/lib/vfctl/drivers/$(uname -r)/$one.ko; done; udevadm settle; ip link set eth1 up; ip link set eth2 up', {timeoutMs: 120_000});
	const [first, second] = await makeSides(lab);
	await lab.exec(`echo ${pf} > ${forwardDirectory}/add`);
	await lab.exec([
		`ip -n a link add link ${first!.netdev} name other type macvlan mode private`, `ip -n a addr del ${first!.address}/24 dev ${first!.netdev}`,
		`ip -n a addr add ${first!.address}/24 dev other`, 'ip -n a link set other up',
	].join(' && '));
	const other = (await lab.exec('ip netns exec a cat /sys/class/net/other/address')).stdout.trim();
	await lab.waitFor(`grep -q ${other} ${forwardDirectory}/${pf}/vf0/rules`);
	await lab.exec(`ip -n a neigh replace ${second!.address} lladdr ${second!.mac} dev other nud permanent; ip -n b neigh replace ${first!.address} lladdr ${other} dev ${second!.netdev} nud permanent`);
	await lab.waitFor(`ip netns exec a ping -c 3 -i 0.2 -W 1 ${second!.address}`);
	const [there, back] = [await numbers(lab, 'vf0/stats'), await numbers(lab, 'vf1/stats')];
	t.true(there['passed']! >= 3 && back['passed']! >= 3, JSON.stringify({there, back}));
});

test.serial('the kernel complained of nothing', async t => {
	const {stdout} = await lab.exec('dmesg');
	t.notRegex(stdout, complaint);
});

declareSelfChecks(() => lab);
