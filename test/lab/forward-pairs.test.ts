// Who reaches whom: namespaces, guests on macvtap, guests with a VF passed through, guests on a bridge, of both ports,
// without vfctl_fwd, with it, and with its relay. The wire between the ports is cut.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {makePairsWorld, matrix, reached, type Endpoint} from './helpers/pairs-world.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {cardAddresses, cutWire} from './helpers/relay-world.ts';
import {LabVfctl} from './helpers/vfctl.ts';
import {complaint} from './helpers/self-checks.ts';

let lab: Lab;
let vfctl: LabVfctl;
let macs: Record<Endpoint, string>;

test.before(async () => {
	lab = await Lab.start({name: `forward-pairs-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await putDrivers(lab);
	macs = await makePairsWorld(lab, vfctl);
	await cutWire(lab);
});

test.after.always(async () => {
	await lab?.down();
});

// The card alone: the VFs of one port, whoever has them.
const byTheCard = matrix(`
	   n1 m1 p1 g1 n2 m2 p2 g2
	n1 -  x  x  .  .  .  .  .
	m1 x  -  x  .  .  .  .  .
	p1 x  x  -  .  .  .  .  .
	g1 .  .  .  -  .  .  .  .
	n2 .  .  .  .  -  x  x  .
	m2 .  .  .  .  x  -  x  .
	p2 .  .  .  .  x  x  -  .
	g2 .  .  .  .  .  .  .  -
`);
const byTheRelay = matrix(`
	   n1 m1 p1 g1 n2 m2 p2 g2
	n1 -  x  x  x  x  x  x  x
	m1 x  -  x  x  x  x  x  x
	p1 x  x  -  x  x  x  x  x
	g1 x  x  x  -  x  x  x  x
	n2 x  x  x  x  -  x  x  x
	m2 x  x  x  x  x  -  x  x
	p2 x  x  x  x  x  x  -  x
	g2 x  x  x  x  x  x  x  -
`);

/** What each VF with an interface on the host had passed on. */
async function passed(): Promise<Record<string, number>> {
	const {pfs} = (await vfctl.run(['forward', 'stats'])).json;
	return Object.fromEntries(pfs.flatMap(({ports}: {ports: Array<{name: string; stats: {passed: number} | null}>}) => ports.map(({name, stats}) => [name, stats?.passed ?? 0])));
}

test.serial('without the module the VFs of one port reach each other, by the card', async t => {
	t.deepEqual(await reached(lab, byTheCard), byTheCard);
});

test.serial('with it the same, and what is on the host goes by the module', async t => {
	await vfctl.run(['forward', 'on', 'eth1', 'eth2']);
	t.deepEqual(await reached(lab, byTheCard), byTheCard);
	const counts = await passed();
	for (const port of ['eth1#0', 'eth1#1', 'eth2#0', 'eth2#1']) {
		t.true(counts[port]! > 0, JSON.stringify(counts));
	}
});

test.serial('with the relay all reach each other', async t => {
	await vfctl.run(['forward', 'on', 'eth1', 'eth2', '--relay', 'lan']);
	t.deepEqual(await reached(lab, byTheRelay), byTheRelay);
	const foreign: Record<string, Endpoint[]> = {eth1: ['g1', 'n2', 'm2', 'p2', 'g2'], eth2: ['g2', 'n1', 'm1', 'p1', 'g1']};
	for (const [netdev, others] of Object.entries(foreign)) {
		const has = await cardAddresses(lab, netdev);
		t.deepEqual(others.filter(other => !has.includes(macs[other])), []);
	}
});

test.serial('without the relay again it is as before', async t => {
	await vfctl.run(['forward', 'on', 'eth1', 'eth2', '--relay', 'none']);
	t.deepEqual(await reached(lab, byTheCard), byTheCard);
	await lab.exec('rmmod vfctl_fwd vfctl_pf');
	t.notRegex((await lab.exec('dmesg')).stdout, complaint);
});
