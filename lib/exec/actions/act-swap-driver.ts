// The loaded driver of PFs.
import {AppError} from '../../errors.ts';
import type {FileReader} from '../../host/host.ts';
import {parseBdf, type Bdf} from '../../model/bdf.ts';
import type {SwapDriverAction} from '../../plan/driver-actions.ts';
import {readDriver} from '../../sysfs/read-pci.ts';
import {exchangeModule, removeHub} from '../swap/exchange-module.ts';
import {keepPfs, restorePf} from '../swap/keep-pf.ts';
import {callsHub, isLoadedFrom, isModuleLoaded} from '../swap/loaded-driver.ts';
import {kernelTime} from '../kernel-messages.ts';
import {deviceExists, readNumVfs} from '../pci-state.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Exchanges the module, and waits until every card is bound again and has its interface back. Once
 * the driver is out nothing stops it half way. */
export const swapDriver: ActionHandler<SwapDriverAction> = {
	async observe({host: {files}}, {module, from, to}) {
		const other = !isModuleLoaded(files, module) ? `no driver ${module} is loaded` : `another ${module} is loaded${callsHub(files, module) ? ', of vfctl' : ''}`;
		return compare(isLoadedFrom(files, module, from), isLoadedFrom(files, module, to), other);
	},

	async apply(context, action) {
		const {host} = context;
		const {module, to} = action;
		const devices = action.devices.filter(bdf => deviceExists(host.files, bdf));
		const since = kernelTime(host);
		if (!isLoadedFrom(host.files, module, to)) {
			requireNoVfs(host.files, module);
			await keepPfs(context, [...new Set([...devices, ...boundTo(host.files, module)])]);
			await exchangeModule(host, action);
		}

		if (to.hub === null) {
			await removeHub(host);
		}

		const missing = () => devices.filter(bdf => readDriver(host.files, bdf) !== module);
		if (!await waitUntil(host.clock, {budgetMs: budgets.bind}, () => missing().length === 0)) {
			throw await stepFailed(host, `${module} did not take ${missing().join(', ')}`, {why: 'it is loaded, and they have no driver or another one'}, {since, names: missing()});
		}

		for (const bdf of devices) {
			await restorePf(context, bdf);
		}
	},
};

function boundTo(files: FileReader, module: string): Bdf[] {
	return files.list(`/sys/bus/pci/drivers/${module}`).flatMap(name => parseBdf(name) ?? []);
}

/** The driver takes the VFs of its PFs with it, whoever has them (igb_remove, ixgbe_remove). */
function requireNoVfs(files: FileReader, module: string): void {
	const [pf] = boundTo(files, module).filter(bdf => (readNumVfs(files, bdf) ?? 0) > 0);
	if (pf !== undefined) {
		throw new AppError('DRIVER_IN_USE', `the driver ${module} cannot be unloaded`, {why: `${pf} has VFs by now`, fix: 'run the command again; it plans anew'});
	}
}
