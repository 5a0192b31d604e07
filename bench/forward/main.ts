// npm run bench:forward: what a packet costs on each software path between two namespaces of a host,
// in instructions. In a lab whose clock counts them, so the machine may do what it likes beside.
// usage: npm run bench:forward -- [KERNEL] [--cpus N]      processors take turns: what all of them do is counted
//        npm run bench:forward -- [KERNEL] --wall [--cpus N]     by the clock, processors side by side: nothing else may run
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
import {median, pairedRatio} from '../statistics.ts';

const pf = '0000:01:00.0';
const forwardDirectory = '/sys/kernel/vfctl/forward';
const port = 7000;

/** Paths, with the second number of their addresses. */
const paths = {'vfctl_fwd': {namespaces: 'vf', net: 1}, veth: {namespaces: 'veth', net: 2}, 'Linux bridge': {namespaces: 'bridge', net: 3}, 'Open vSwitch': {namespaces: 'ovs', net: 4}, macvlan: {namespaces: 'macvlan', net: 5}, 'the card': {namespaces: 'vf', net: 1}} as const;

type PathName = keyof typeof paths;

/** What is sent, and how often. */
const loads = {rr: 2000, crr: 300, stream: 300} as const;

type LoadName = keyof typeof loads;

/** Where a clock is that of a machine that has other things to do, two processors meet as it happens, or a run is so
 * short that a timer more or less is seen: runs of all paths by turns, told by their medians. */
const turns = 7;

const titles: Readonly<Record<LoadName, string>> = {rr: 'request and answer', crr: 'with a connection each', stream: '64 KiB of a stream'};

async function main(): Promise<void> {
	const {values: {cpus, wall}, positionals: [word]} = parseArgs({options: {cpus: {type: 'string', default: '1'}, wall: {type: 'boolean', default: false}}, allowPositionals: true});
	const rounds = wall || cpus !== '1' ? turns : 1;
	const kernel = kernelOf(word);
	const modules = await ensureDrivers({kernel, report: reportToStderr});
	const lab = await Lab.start({name: `bench-forward-${process.pid}`, platform: wall ? 'parallel' : 'counted', cpus: Number(cpus), kernel, report: reportToStderr});
	try {
		await prepare(lab, modules);
		const found = await measure(lab, rounds);
		process.stdout.write(table(`${wall ? 'Nanoseconds' : 'Instructions'} on ${path.basename(modules)}, processors: ${cpus}`, found));
		// pktgen there sends only frames that somebody else holds too, which the module leaves to the card.
		if (kernel !== '6.1') {
			process.stdout.write(switchTable(await measureSwitching(lab, turns)));
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

/** What each load cost on each path, a number for each round. */
type Found = ReadonlyMap<PathName, ReadonlyMap<LoadName, number[]>>;

async function measure(lab: Lab, rounds: number): Promise<Found> {
	const names = Object.keys(paths) as PathName[];
	const found = new Map(names.map(name => [name, new Map((Object.keys(loads) as LoadName[]).map(load => [load, [] as number[]]))]));
	for (let round = 1; round <= rounds; round++) {
		for (const name of names) {
			const {namespaces, net} = paths[name];
			await lab.exec(`echo ${pf} > ${forwardDirectory}/${name === 'the card' ? 'remove' : 'add'}`, {ok: 'any'});
			for (const [load, costs] of found.get(name)!) {
				reportToStderr(`${name}: ${titles[load]}${rounds === 1 ? '' : `, ${round} of ${rounds}`}`);
				const {stdout} = await lab.exec(`ip netns exec ${namespaces}-a /root/traffic ${load} 10.${net}.0.2 ${port} ${loads[load]}`, {timeoutMs: 900_000});
				costs.push(Number(stdout));
			}
		}
	}

	return found;
}

/** The cost of a small packet from device to device, without the generator's own, a number for each round. */
async function measureSwitching(lab: Lab, rounds: number): Promise<Map<PathName, number[]>> {
	await lab.exec(`echo ${pf} > ${forwardDirectory}/add`, {ok: 'any'});
	const one = async (name: string) => {
		reportToStderr(`${name}: small packets`);
		return Number((await lab.exec(`sh /root/switch.sh ${name} 20000`, {timeoutMs: 900_000})).stdout);
	};

	const software = (Object.keys(paths) as PathName[]).filter(name => name !== 'the card');
	const found = new Map(software.map(name => [name, [] as number[]]));
	for (let round = 1; round <= rounds; round++) {
		const generator = await one('dummy');
		for (const [name, costs] of found) {
			costs.push(await one(paths[name].namespaces) - generator);
		}
	}

	return found;
}

function switchTable(found: ReadonlyMap<PathName, number[]>): string {
	const other = found.get('Open vSwitch')!;
	return [
		'', 'From device to device, without sockets; in parentheses the share of Open vSwitch\'s:', '',
		'| path | a packet of 60 bytes |', '|---|---|', ...[...found].map(([name, costs]) => `| ${name} | ${Math.round(median(costs))} (${pairedRatio(costs, other).toFixed(2)}) |`), '',
	].join('\n');
}

function table(title: string, found: Found): string {
	const other = found.get('Open vSwitch')!;
	const cell = (load: LoadName, costs: readonly number[]): string => `${Math.round(median(costs))} (${pairedRatio(other.get(load)!, costs).toFixed(2)})`;
	const lines = [...found].map(([name, loadCosts]) => `| ${name} | ${[...loadCosts].map(([load, costs]) => cell(load, costs)).join(' | ')} |`);
	return [
		`${title}; in parentheses how many times as fast as Open vSwitch:`, '',
		`| path | ${Object.values(titles).join(' | ')} |`, '|---|---|---|---|', ...lines, '',
	].join('\n');
}

await main();
