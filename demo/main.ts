// npm run demo: the whole way in the lab, stage by stage, with the seconds each takes.
import {Lab} from '../lab/lab.ts';
import {reportToStderr as report, stage} from '../lab/progress.ts';

const started = Date.now();

interface Place {
	guest: string;
	pf: string;
	mac: string;
	address: string;
}

// One guest on each of the two PFs, whose cables meet in a hub.
const places: readonly [Place, Place] = [
	{guest: 'vm0', pf: 'eth1', mac: '52:54:00:de:00:01', address: '10.9.0.1'},
	{guest: 'vm1', pf: 'eth2', mac: '52:54:00:de:00:02', address: '10.9.0.2'},
];

const lab = await Lab.start({name: `demo-${process.pid}`, point: 'guests', report});
try {
	await demonstrate();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
} finally {
	await lab.down();
}

async function demonstrate(): Promise<void> {
	await stage(report, 'install vfctl in the lab', async () => lab.installVfctl());
	for (const {pf} of places) {
		await show(`vfctl vf create ${pf} 4`);
	}

	await show('vfctl capture before.rec');
	for (const {guest, pf, mac} of places) {
		await show(`vfctl attach ${guest} ${pf} --mac ${mac}`);
	}

	await show('vfctl list');
	const [a, b] = places;
	await stage(report, 'addresses in both guests', async () => {
		for (const {guest, mac, address} of places) {
			await lab.exec(['/lab/guest', 'address', guest, mac, `${address}/24`]);
		}

		await lab.exec(['/lab/guest', 'ping', a.guest, b.address]);
	});
	await show(`/lab/guest exec ${a.guest} "ping -c 3 ${b.address}"`);
	await show(`/lab/guest exec ${b.guest} "ping -c 3 ${a.address}"`);
	for (const {guest, pf} of places) {
		await show(`vfctl detach ${guest} ${pf}`);
	}

	await show('vfctl capture after.rec');
	await show('vfctl compare before.rec after.rec');
	for (const {pf} of places) {
		await show(`vfctl vf destroy ${pf} --yes`);
	}

	console.log(`\nThe host is as it was before. The whole demo took ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** Runs a command in the lab and shows what it prints. */
async function show(command: string): Promise<void> {
	console.log(`\nlab# ${command}`);
	const begin = Date.now();
	const {stdout, stderr} = await lab.exec(command, {timeoutMs: 300_000});
	process.stdout.write(indent(stderr) + indent(stdout));
	console.log(`     (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

function indent(text: string): string {
	return text.trimEnd() === '' ? '' : `${text.trimEnd().split('\n').map(line => `     ${line}`).join('\n')}\n`;
}
