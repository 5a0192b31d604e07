// Joins both ends of a measurement by one method, for as long as something is measured.
import {AppError} from '../../errors.ts';
import type {BenchMethod} from '../../model/bench.ts';
import type {Inventory} from '../../model/inventory.ts';
import {pfName, selectPf} from '../../model/select.ts';
import {planVfCreate} from '../../plan/plan-vfs.ts';
import type {Plan} from '../../plan/plan.ts';
import {readInventory} from '../read-inventory.ts';
import type {RunContext} from '../run-context.ts';
import type {BenchRequest} from './bench-request.ts';
import {readEndFacts} from './facts.ts';
import {chooseNetwork} from './free-network.ts';
import {whileDone} from './hold.ts';
import {requireAnswer, type BenchPath} from './path.ts';
import type {BenchPlace} from './place.ts';
import {planEnd, type PlannedEnd} from './plan-end.ts';

export type Places = readonly [BenchPlace, BenchPlace];

/** Attaches both ends, each an operation of its own, calls `use` when they reach each other, and
 * puts everything back. */
export async function withMethod<T>(run: RunContext, {request, method, places}: {request: BenchRequest; method: BenchMethod; places: Places}, use: (path: BenchPath) => Promise<T>): Promise<T> {
	const inventory = await freshInventory(run);
	const addresses = await chooseNetwork(run, inventory, places);
	const devices = devicesOf(run, inventory, request, method);
	const end = async (index: 0 | 1): Promise<PlannedEnd> =>
		planEnd(run, await freshInventory(run), {end: request.ends[index], method, device: devices[index], address: addresses[index]}, request);
	return withVfs(run, request, vfPfs(inventory, method, devices), async () => {
		const first = await end(0);
		return whileDone(first.plan, run, async () => {
			// Planned only now: it takes the next VF.
			const second = await end(1);
			return whileDone(second.plan, run, async () => use(await openPath(run, places, [first, second], addresses)));
		});
	});
}

/** PF of each end, or the bridge of both; throws USAGE, PF_NOT_FOUND, BENCH_FAILED. */
export function devicesOf({host: {files}}: Pick<RunContext, 'host'>, inventory: Inventory, {pfs, bridge}: Pick<BenchRequest, 'pfs' | 'bridge'>, method: BenchMethod): [string, string] {
	if (method === 'bridge') {
		const found = bridge === undefined ? [...inventory.netdevs.keys()].filter(name => files.exists(`/sys/class/net/${name}/bridge`)) : [bridge];
		if (found.length !== 1) {
			throw new AppError('BENCH_FAILED', 'it is not known which bridge is meant', {why: found.length === 0 ? 'this host has none' : `this host has ${found.join(', ')}`, fix: '--bridge BRIDGE'});
		}

		return [found[0]!, found[0]!];
	}

	if (pfs.length > 0) {
		const [first, second = first] = pfs.map(name => pfName(selectPf(inventory, name)));
		return [first!, second!];
	}

	const usable = inventory.pfs.filter(pf => pf.netdevs.length > 0);
	if (usable.length !== 1) {
		throw new AppError('BENCH_FAILED', 'it is not known which PF is meant', {why: usable.length === 0 ? 'this host has none' : `this host has ${usable.map(pf => pfName(pf)).join(', ')}`, fix: '--on PF for both ends, or --on PF1,PF2'});
	}

	return [pfName(usable[0]!), pfName(usable[0]!)];
}

/** PFs that VFs must be made on first. */
export function vfPfs(inventory: Inventory, method: BenchMethod, devices: readonly [string, string]): string[] {
	return method === 'bridge' ? [] : [...new Set(devices)].filter(name => selectPf(inventory, name).numVfs === 0);
}

/** The plan that makes them: one for each end that needs one there. */
export function planVfs(inventory: Inventory, name: string, acceptedRisks: BenchRequest['acceptedRisks'], count: number): Plan {
	const plan = planVfCreate(inventory, {pf: name, count: Math.min(count, selectPf(inventory, name).totalVfs), acceptedRisks});
	return {...plan, subject: {...plan.subject, command: 'bench'}, title: `for a measurement: ${plan.title}`};
}

async function withVfs<T>(run: RunContext, request: BenchRequest, pfs: readonly string[], use: () => Promise<T>): Promise<T> {
	const [name, ...rest] = pfs;
	if (name === undefined) {
		return use();
	}

	const plan = planVfs(await freshInventory(run), name, request.acceptedRisks, 2);
	return whileDone(plan, run, async () => withVfs(run, request, rest, use));
}

async function openPath(run: RunContext, [from, to]: Places, planned: readonly [PlannedEnd, PlannedEnd], addresses: readonly [string, string]): Promise<BenchPath> {
	const [source, address] = addresses.map(text => text.split('/')[0]!) as [string, string];
	await requireAnswer({from, to, address, clock: run.host.clock, signal: run.signal});
	return {
		from, to, address,
		ends: [
			await readEndFacts(from, source, await planned[0].interfaceName()),
			await readEndFacts(to, address, await planned[1].interfaceName()),
		],
	};
}

/** The host as it is now: each step of a measurement changes it. */
export async function freshInventory(run: RunContext): Promise<Inventory> {
	const libvirt = await run.libvirt().catch((error: unknown) => {
		if (error instanceof AppError) {
			return error;
		}

		throw error;
	});
	return readInventory(run.host, libvirt);
}
