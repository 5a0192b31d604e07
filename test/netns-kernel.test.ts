// The simulator's namespaces against the kernel's, and the steps on the kernel itself: namespaces of
// `ip netns` below a /run of their own, with taps that move between them.
import test from 'ava';
import {readIpIn} from '../lib/exec/read-placed-netdevs.ts';
import type {Runner} from '../lib/host/host.ts';
import type {NetnsRef} from '../lib/model/netns.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {startPrivateNetwork} from './helpers/private-network.ts';

const setup = ['mount -t tmpfs tmpfs /run', 'mkdir /run/netns', 'ip netns add blue', 'ip netns add red', 'ip link set t0 up', 'ip link set t1 up'];
const two = () => simHost(hostBuilder('two-cards').nic({bdf: '0000:01:00.0', name: 't0'}).nic({bdf: '0000:02:00.0', name: 't1'}).record());

/** Command lines, one a line; each runs on what those before it left. */
const scripts: Readonly<Record<string, string>> = {
	'moving and renaming': `
		link set dev t0 netns blue name net1
		link set dev t0 netns blue
		-n blue link set dev net1 netns nope
		-n nope link set dev net1 up
		-n blue link set dev net1 name lo
		-n blue link set dev net1 name other
		-n blue link set dev other netns red name net2
		-n red link set dev net2 name t0
		link set dev t1 netns red name t0
		link set dev t1 netns red
		link set dev t1 netns blue name lo`,
	'addresses and routes in a namespace': `
		link set dev t0 netns blue name net1
		-n blue addr add 20.0.0.3/24 dev net1
		-n blue addr add 20.0.0.3/24 dev net1
		-n blue addr add nonsense dev net1
		-n blue addr add 20.0.0.4/24 dev nope
		-n blue link set dev net1 mtu 1400
		-n blue link set dev net1 up
		-n blue -6 addr add fd00::3/64 dev net1
		-n blue -6 addr add fd00::3/64 dev net1
		-n blue route add 0.0.0.0/0 via 20.0.0.1 dev net1
		-n blue -6 route add ::/0 via fd00::1 dev net1
		-n blue route add 30.0.0.0/8 via 99.0.0.1 dev net1
		-n blue addr del 20.0.0.9/24 dev net1
		-n blue -6 addr del fd00::9/64 dev net1
		-n blue route del 0.0.0.0/0 via 20.0.0.1 dev net1
		-n blue addr del 20.0.0.3/24 dev net1
		-n blue link set dev net1 down
		-n blue link set dev net1 address 02:00:00:00:00:77
		-n blue addr add 20.0.0.5/24 dev net1
		-n blue link set dev net1 netns red
		-n red link set dev net1 up`,
	'names of namespaces': `
		netns add blue
		netns add green
		link set dev t0 netns green
		netns del nope
		netns del red`,
};

const places: ReadonlyArray<readonly [NetnsRef | null, string]> = [null, 'blue', 'red', 'green'].flatMap(name => ['t0', 't1', 'net1', 'net2', 'other'].map(netdev => [name === null ? null : {name, inode: 0}, netdev] as const));

/** What each interface has, wherever it is. MACs of taps are random. */
async function stateOf(runner: Runner): Promise<string[]> {
	const lines = await Promise.all(places.map(async ([netns, name]) => {
		const ip = await readIpIn(runner, netns, name);
		return ip === null ? [] : [`${netns?.name ?? 'host'} ${name} ${JSON.stringify({...ip, mac: ip.mac === '02:00:00:00:00:77' ? ip.mac : null})}`];
	}));
	return lines.flat();
}

for (const [what, script] of Object.entries(scripts)) {
	test(`the simulator's namespaces are as the kernel's: ${what}`, async t => {
		const network = await startPrivateNetwork(setup);
		try {
			const host = two();
			for (const name of ['blue', 'red']) {
				t.is((await host.runner.run(['ip', 'netns', 'add', name])).code, 0);
			}

			for (const line of script.trim().split('\n').map(text => text.trim())) {
				const argv = ['ip', ...line.split(' ')] as [string, ...string[]];
				const [simulatedAnswer, real] = [await host.runner.run(argv), await network.runner.run(argv)];
				t.deepEqual([simulatedAnswer.code, simulatedAnswer.stderr.trim()], [real.code, real.stderr.trim()], line);
				t.deepEqual(await stateOf(host.runner), await stateOf(network.runner), `after ${line}`);
			}
		} finally {
			network.stop();
		}
	});
}

test('namespaces by name, path and process lead to the same inode as the kernel says', async t => {
	const network = await startPrivateNetwork(setup);
	try {
		const mountinfo = (await network.runner.run(['cat', '/proc/self/mountinfo'])).stdout;
		const stat = (await network.runner.run(['stat', '--format', '%i', '/run/netns/blue'])).stdout.trim();
		t.regex(mountinfo, new RegExp(String.raw`^\d+ \d+ \S+ net:\[${stat}\] /run/netns/blue `, 'm'));
	} finally {
		network.stop();
	}
});
