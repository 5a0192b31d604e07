// vfctl driver load | restore
import {AppError} from '../../errors.ts';
import {readSwapFacts} from '../../exec/swap/read-swap-facts.ts';
import type {Host} from '../../host/host.ts';
import {requireSafeDirectory} from '../../host/safe-directory.ts';
import {pfDrivers, type PfDriver} from '../../model/driver-build.ts';
import type {Inventory} from '../../model/inventory.ts';
import {pfName, selectPf} from '../../model/select.ts';
import {pfsOn} from '../../plan/driver-preflight.ts';
import {planSwapDriver} from '../../plan/plan-swap-driver.ts';
import type {CommandContext} from '../context.ts';
import {kernelArgument} from '../kernel-argument.ts';
import {runPlanned} from './run-plan.ts';

export interface SwapArguments {
	/** igb, ixgbe or a PF; both drivers when absent. */
	what?: string | undefined;
	/** Directory with a build. */
	from?: string | undefined;
}

/** Loads the drivers of vfctl in place of those that are loaded. */
export async function runLoad(context: CommandContext, args: SwapArguments): Promise<void> {
	await swap(context, 'vfctl', args);
}

/** Loads the distribution's again. */
export async function runRestore(context: CommandContext, args: SwapArguments): Promise<void> {
	await swap(context, 'stock', args);
}

async function swap(context: CommandContext, to: 'vfctl' | 'stock', {what, from}: SwapArguments): Promise<void> {
	requireDirectory(context.host, from);
	await runPlanned(context, {
		destructive: () => true,
		async plan(inventory, {host}) {
			const kernel = kernelArgument(host, undefined);
			const drivers = [];
			for (const module of modulesOf(inventory, what)) {
				drivers.push(await readSwapFacts(host, module, {kernel, to, ...from === undefined ? {} : {from}}));
			}

			return planSwapDriver(inventory, {to, drivers: what === undefined ? built(drivers) : drivers, acceptedRisks: context.options.acceptedRisks});
		},
	});
}

/** Root loads what is in it: nobody else may write there. */
function requireDirectory({name, files}: Host, from: string | undefined): void {
	if (from === undefined) {
		return;
	}

	if (!from.startsWith('/') || from.split('/').includes('..')) {
		throw new AppError('USAGE', `'${from}' is not the whole path of a directory`, {why: 'the way back is kept in the journal, and has to be found from anywhere', fix: 'name it from / on'});
	}

	if (name === 'live' && files.exists(from)) {
		requireSafeDirectory(from, '/');
	}
}

function modulesOf(inventory: Inventory, what: string | undefined): readonly PfDriver[] {
	if (what === undefined) {
		return pfDrivers.filter(module => pfsOn(inventory, module).length > 0);
	}

	const named = pfDrivers.find(module => module === what);
	if (named !== undefined) {
		return [named];
	}

	const pf = selectPf(inventory, what);
	const driver = pfDrivers.find(module => module === pf.driver);
	if (driver === undefined) {
		throw new AppError('UNSUPPORTED', `there is no driver of vfctl for ${pfName(pf)}`, {why: `it is on ${pf.driver ?? 'no driver'}, and vfctl builds ${pfDrivers.join(' and ')}`, fix: 'vfctl driver status'});
	}

	return [driver];
}

/** Without a name a driver that was not built is left out, unless none was. */
function built<T extends {wanted: unknown}>(drivers: readonly T[]): readonly T[] {
	const usable = drivers.filter(({wanted}) => !(wanted instanceof AppError && wanted.code === 'DRIVER_NOT_BUILT'));
	return usable.length > 0 ? usable : drivers;
}
