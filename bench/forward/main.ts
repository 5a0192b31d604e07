// npm run bench:forward: what a packet costs on each software path between two namespaces of a host,
// in instructions. In a lab whose clock counts them, so the machine may do what it likes beside.
// usage: npm run bench:forward -- [KERNEL] [--cpus N]      processors take turns: what all of them do is counted
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {ensureDrivers} from '../../lab/drivers.ts';
import {Lab} from '../../lab/lab.ts';
import {reportToStderr} from '../../lab/progress.ts';
import {run} from '../../lab/run.ts';
import {kernelOf} from '../../lab/kernels.ts';
import {repositoryDirectory} from '../../lab/paths.ts';

const pf = '0000:01:00.0';
const forwardDirectory = '/sys/kernel/vfctl/forward';
const port = 7000;

/** Paths, with the second number of their addresses. */
const paths = {'vfctl_fwd': {namespaces: 'vf', net: 1}, veth: {namespaces: 'veth', net: 2}, 'Linux bridge': {namespaces: 'bridge', net: 3}, 'Open vSwitch': {namespaces: 'ovs', net: 4}, macvlan: {namespaces: 'macvlan', net: 5}, 'the card': {namespaces: 'vf', net: 1}} as const;

type PathName = keyof typeof paths;

/** What is sent, and how often. */
const loads = {rr: 2000, crr: 300, stream: 300} as const;

type LoadName = keyof typeof loads;

const titles: Readonly<Record<LoadName, string>> = {rr: 'request and answer', crr: 'with a connection each', stream: '64 KiB of a stream'};

async function main(): Promise<void> {
	const {values: {cpus}, positionals: [word]} = parseArgs({options: {cpus: {type: 'string', default: '1'}}, allowPositionals: true});
	const kernel = kernelOf(word);
	const modules = await ensureDrivers({kernel, report: reportToStderr});
	const lab = await Lab.start({name: `bench-forward-${process.pid}`, platform: 'counted', cpus: Number(cpus), kernel, report: reportToStderr});
	try {
		await prepare(lab, modules);
		const found = await measure(lab);
		process.stdout.write(table(path.basename(modules), found));
		// pktgen there sends only frames that somebody else holds too, which the module leaves to the card.
		if (kernel !== '6.1') {
			process.stdout.write(switchTable(await measureSwitching(lab)));
		}
	} finally {
		await lab.down();
	}
}

async function prepare(lab: Lab, modules: string): Promise<void> {
	const scratch = mkdtempSync(path.join(tmpdir(), 'vfctl-traffic-'));
	try {
		const program = path.join(scratch, 'traffic');
		await run(['gcc', '-O2', '-static', '-o', program, path.join(repositoryDirectory, 'bench/forward/traffic.c')], {timeoutMs: 60_000, what: 'the traffic program cannot be compiled'});
		await lab.put(modules, '/root/modules');
		await lab.put(program, '/root/traffic');
		for (const script of ['paths.sh', 'switch.sh']) {
			await lab.put(path.join(repositoryDirectory, 'bench/forward', script), `/root/${script}`);
		}
	} finally {
		rmSync(scratch, {recursive: true});
	}

	await lab.exec(`chmod +x /root/traffic; sh /root/paths.sh ${pf}`, {timeoutMs: 600_000});
	await lab.exec('insmod /root/modules/vfctl_pf.ko && insmod /root/modules/vfctl_fwd.ko');
	for (const {namespaces, net} of Object.values(paths)) {
		await lab.waitFor(`ip netns exec ${namespaces}-a ping -c 1 -W 1 10.${net}.0.2`, {timeoutMs: 300_000});
	}

	for (const namespaces of new Set(Object.values(paths).map(one => one.namespaces))) {
		await lab.exec(`ip netns exec ${namespaces}-b /root/traffic serve ${port} </dev/null >/dev/null 2>&1 &`);
	}
}

type Found = ReadonlyMap<PathName, ReadonlyMap<LoadName, number>>;

async function measure(lab: Lab): Promise<Found> {
	const found = new Map<PathName, Map<LoadName, number>>();
	for (const name of Object.keys(paths) as PathName[]) {
		const {namespaces, net} = paths[name];
		await lab.exec(`echo ${pf} > ${forwardDirectory}/${name === 'the card' ? 'remove' : 'add'}`, {ok: 'any'});
		const costs = new Map<LoadName, number>();
		for (const [load, count] of Object.entries(loads) as Array<[LoadName, number]>) {
			reportToStderr(`${name}: ${titles[load]}`);
			const {stdout} = await lab.exec(`ip netns exec ${namespaces}-a /root/traffic ${load} 10.${net}.0.2 ${port} ${count}`, {timeoutMs: 900_000});
			costs.set(load, Number(stdout));
		}

		found.set(name, costs);
	}

	return found;
}

/** Instructions for a small packet from device to device, without the generator's own. */
async function measureSwitching(lab: Lab): Promise<Map<PathName, number>> {
	await lab.exec(`echo ${pf} > ${forwardDirectory}/add`, {ok: 'any'});
	const one = async (name: string) => {
		reportToStderr(`${name}: small packets`);
		return Number((await lab.exec(`sh /root/switch.sh ${name} 20000`, {timeoutMs: 900_000})).stdout);
	};

	const generator = await one('dummy');
	const found = new Map<PathName, number>();
	for (const [name, {namespaces}] of Object.entries(paths) as Array<[PathName, {namespaces: string}]>) {
		if (name !== 'the card') {
			found.set(name, await one(namespaces) - generator);
		}
	}

	return found;
}

function switchTable(found: ReadonlyMap<PathName, number>): string {
	const other = found.get('Open vSwitch')!;
	return [
		'', 'From device to device, without sockets; in parentheses the share of Open vSwitch\'s:', '',
		'| path | a packet of 60 bytes |', '|---|---|', ...[...found].map(([name, cost]) => `| ${name} | ${cost} (${(cost / other).toFixed(2)}) |`), '',
	].join('\n');
}

function table(release: string, found: Found): string {
	const other = found.get('Open vSwitch')!;
	const lines = [...found].map(([name, costs]) => `| ${name} | ${[...costs].map(([load, cost]) => `${cost} (${(other.get(load)! / cost).toFixed(2)})`).join(' | ')} |`);
	return [
		`Instructions on ${release}; in parentheses how many times as fast as Open vSwitch:`, '',
		`| path | ${Object.values(titles).join(' | ')} |`, '|---|---|---|---|', ...lines, '',
	].join('\n');
}

await main();
