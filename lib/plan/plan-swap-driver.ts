// Plans the exchange of a loaded PF driver: for one that vfctl built, and back.
import {AppError} from '../errors.ts';
import type {PfDriver} from '../model/driver-build.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {vfName} from '../model/select.ts';
import type {Action, SetLinkAction} from './action.ts';
import type {DriverFile} from './driver-actions.ts';
import {devicesOn, pfNames, pfsOn, requireDriverFree} from './driver-preflight.ts';
import {noteOwnMac} from './own-mac-action.ts';
import type {Plan, RiskName} from './plan.ts';
import {rememberVfs} from './plan-vfs.ts';

/** What is known of one driver. */
export interface SwapFacts {
	module: PfDriver;
	/** What is loaded; null: nothing. `older`: of vfctl, and not the one that is built now. */
	loaded: 'stock' | 'vfctl' | 'older' | 'other' | null;
	/** What is loaded, as a file to come back to; or why there is none. */
	present: DriverFile | string;
	/** What is to be loaded, or why it cannot be. */
	wanted: DriverFile | AppError;
	options: readonly string[];
}

export interface SwapRequest {
	to: 'vfctl' | 'stock';
	drivers: readonly SwapFacts[];
	acceptedRisks: readonly RiskName[];
}

/** The plan for all named drivers; empty for those that are loaded already. Throws what is in the way. */
export function planSwapDriver(inventory: Inventory, {to, drivers, acceptedRisks}: SwapRequest): Plan {
	const due = drivers.filter(({loaded}) => loaded !== null && loaded !== to && !(to === 'stock' && loaded === 'other'));
	const plans = due.map(facts => oneDriver(inventory, facts, to, acceptedRisks));
	const names = due.map(({module}) => module).join(' and ');
	return {
		version: 1,
		subject: {command: 'driver'},
		title: due.length === 0 ? idleTitle(drivers, to) : to === 'vfctl' ? `load ${names} of vfctl` : `load ${names} of the distribution again`,
		actions: plans.flatMap(({actions}) => actions),
		warnings: plans.flatMap(({warnings}) => warnings),
		risks: [...new Set(plans.flatMap(({risks}) => risks))],
	};
}

function idleTitle(drivers: readonly SwapFacts[], to: 'vfctl' | 'stock'): string {
	const loaded = drivers.filter(one => one.loaded !== null).map(({module}) => module);
	return loaded.length === 0 ? 'no driver that could be exchanged is loaded' : `${loaded.join(' and ')} of ${to === 'vfctl' ? 'vfctl' : 'the distribution'} ${loaded.length === 1 ? 'is' : 'are'} loaded already`;
}

function oneDriver(inventory: Inventory, {module, loaded, present, wanted, options}: SwapFacts, to: 'vfctl' | 'stock', accepted: readonly RiskName[]): {actions: Action[]; warnings: string[]; risks: RiskName[]} {
	if (wanted instanceof AppError) {
		throw wanted;
	}

	if (loaded === 'older' && to === 'vfctl') {
		throw new AppError('UNSUPPORTED', `an older ${module} of vfctl is loaded`, {why: 'its file was replaced by the new build, so there would be no way back to it', fix: `vfctl driver restore ${module}, then vfctl driver load ${module}`});
	}

	if (typeof present === 'string' && to === 'vfctl') {
		throw new AppError('UNSUPPORTED', `the loaded ${module} cannot be exchanged`, {why: `there would be no way back: ${present}`, fix: 'vfctl driver status; reboot into the driver that is installed'});
	}

	const risks = requireDriverFree(inventory, module, accepted);
	const pfs = pfsOn(inventory, module);
	const gone: DriverFile = {path: null, sha256: null, srcversion: null, hub: loaded === 'older' ? {path: null, sha256: null} : null, needs: []};
	return {
		actions: [
			// From the last one on, so that putting back makes VFs in the order of their PFs: the kernel counts their interfaces.
			...pfs.toReversed().flatMap(pf => away(pf)),
			{kind: 'swap-driver', module, from: typeof present === 'string' ? gone : present, to: wanted, options, devices: devicesOn(inventory, module)},
			...pfs.flatMap(pf => back(inventory, pf)),
		],
		warnings: warningsOf(module, pfs, to, present),
		risks,
	};
}

/** VFs go away; what they had is remembered for the way back. */
function away(pf: Pf): Action[] {
	return pf.numVfs === 0 ? [] : [
		...pf.vfs.flatMap(vf => noteOwnMac(pf, vf)),
		{kind: 'set-numvfs', pf: pf.bdf, pfNetdev: pf.netdevs[0] ?? null, from: pf.numVfs, to: 0, remembered: remembered(pf)},
	];
}

/** And come back as they were. A VF's driver starts only while its PF is up. */
function back({netdevs}: Inventory, pf: Pf): Action[] {
	if (pf.numVfs === 0) {
		return [];
	}

	const [netdev] = pf.netdevs;
	const link = (from: 'up' | 'down', to: 'up' | 'down'): SetLinkAction[] => netdev === undefined || netdevs.get(netdev)?.up === true ? [] : [{kind: 'set-link', netdev, from, to}];
	return [
		...link('down', 'up'),
		{kind: 'set-numvfs', pf: pf.bdf, pfNetdev: netdev ?? null, from: 0, to: pf.numVfs, remembered: remembered(pf)},
		...pf.vfs.flatMap(vf => noteOwnMac(pf, vf).map(action => ({...action, from: action.to, to: action.from}))),
		...link('up', 'down'),
	];
}

/** A MAC that the VF made up is not the admin's: it gets it back in a step of its own. */
function remembered(pf: Pf) {
	const own = new Set(pf.vfs.filter(vf => noteOwnMac(pf, vf).length > 0).map(({index}) => index));
	return rememberVfs(pf).map(vf => {
		const {mac: _mac, ...rest} = vf.settings;
		return own.has(vf.index) ? {...vf, settings: rest} : vf;
	});
}

function warningsOf(module: PfDriver, pfs: readonly Pf[], to: 'vfctl' | 'stock', present: DriverFile | string): string[] {
	const unbound = pfs.flatMap(pf => pf.vfs.filter(vf => isUnbound(pf, vf)).map(vf => vfName(pf, vf)));
	return [
		`${pfNames(pfs) || module} ${pfs.length > 1 ? 'have' : 'has'} no link and no VFs for a moment; what ethtool, tc and sysctl set on the interface${pfs.length > 1 ? 's' : ''} starts anew`,
		...unbound.length === 0 ? [] : [`${unbound.join(', ')} came off their driver by hand and will have the one that the kernel gives them`],
		...typeof present === 'string' ? [`there is no way back but a new build: ${present}`] : [],
		...to === 'vfctl' ? [`the next boot takes the driver that is installed: vfctl driver install makes it this one`] : [],
	];
}

function isUnbound({autoprobe}: Pf, {driver, driverOverride}: Vf): boolean {
	return autoprobe && driver === null && driverOverride === null;
}
