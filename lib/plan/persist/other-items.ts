// Everything but the kernel command line: modules, rules, units and the host file.
import type {BootFacts} from '../../model/boot.ts';
import type {Action} from '../action.ts';
import {setAside} from './backups.ts';
import {itemState, write, type ItemState} from './item.ts';
import {hostFilePath, modulesFile, networkdFile, unitNames, unitPath, vfRules, type UnitName} from './paths.ts';
import {modulesText, networkdText, unitText, vfRulesText, type Program} from './texts.ts';

// vfio_iommu_type1 is what QEMU asks for; vfio-pci takes the devices.
const wantedModules = ['vfio-pci', 'vfio_iommu_type1'];

/** Modules that are there before anything asks: guests whose devices are bound by hand, and
 * programs that may not load modules (units with ProtectKernelModules, containers). PF drivers
 * are loaded for their devices by udev and need nothing; nor do pinned VFs, whose
 * driver_override keeps every other driver off. */
export function modulesItem(facts: BootFacts): ItemState {
	const {files, builtInModules} = facts;
	const needed = wantedModules.filter(name => !builtInModules.includes(name));
	const from = files.get(modulesFile) ?? null;
	if (needed.length === 0) {
		const actions = write(modulesFile, from, null, null);
		return actions.length > 0
			? {item: 'modules', state: 'missing', why: `${wantedModules.join(' and ')} are built into this kernel: ${modulesFile} is not needed any more`, actions, warnings: []}
			: {item: 'modules', state: 'not-needed', why: `${wantedModules.join(' and ')} are built into the kernel`, actions, warnings: []};
	}

	return itemState('modules', write(modulesFile, from, modulesText(needed), null), {
		set: `${needed.join(' and ')} are loaded at every boot`,
		missing: `${needed.join(' and ')} are loaded only when something asks for them`,
	});
}

/** Files that keep network managers off VFs; each only where its manager is. */
export function managersItem(facts: BootFacts): ItemState {
	const {files, networkManager, networkd, hostVfs, systemd, udev} = facts;
	const item = 'network-managers';
	const current = (path: string) => files.get(path) ?? null;
	// `Property=` came with systemd 243.
	const oldNetworkd = networkd !== null && systemd !== null && systemd.versionNumber < 243;
	const useNetworkd = networkd !== null && !oldNetworkd;
	const managers = [...networkManager ? ['NetworkManager'] : [], ...networkd === null ? [] : ['systemd-networkd']];
	const warnings = oldNetworkd ? [`systemd ${systemd?.versionNumber} has no Property= in .network files, so systemd-networkd may take VFs: match them by name, or update`] : [];
	if (managers.length === 0) {
		return {item, state: 'not-needed', why: 'neither NetworkManager nor systemd-networkd manages interfaces here', actions: [...removeManagerFiles(facts)], warnings};
	}

	const actions = [
		...write(vfRules, current(vfRules), vfRulesText(hostVfs), udev ? ['udevadm', 'control', '--reload'] : null),
		...write(networkdFile, current(networkdFile), useNetworkd ? networkdText() : null, networkd === 'running' ? ['networkctl', 'reload'] : null),
	];
	const but = hostVfs.length === 0 ? '' : ` (but for ${hostVfs.join(', ')}, which this host uses itself)`;
	return itemState(item, actions, {
		set: `${managers.join(' and ')} leave${managers.length === 1 ? 's' : ''} VFs alone${but}`,
		missing: `${managers.join(' and ')} would take VFs that come back from a guest or are made: DHCP, names, addresses on them${but}`,
	}, warnings);
}

/** The files of managersItem, taken away. */
export function removeManagerFiles({files, networkd, udev}: BootFacts): Action[] {
	return [
		...write(networkdFile, files.get(networkdFile) ?? null, null, networkd === 'running' ? ['networkctl', 'reload'] : null),
		...write(vfRules, files.get(vfRules) ?? null, null, udev ? ['udevadm', 'control', '--reload'] : null),
	];
}

/** The units that apply the host file at boot. `hostFile`: whether there is or will be one. */
export function unitItem(facts: BootFacts, program: Program, hostFile: boolean): ItemState {
	const {systemd, files, units, libvirt} = facts;
	if (systemd === null) {
		const why = `there is no systemd here: let your init system run 'vfctl apply ${hostFilePath} --boot --yes' before libvirt starts`;
		return {item: 'unit', state: 'by-hand', why, actions: [], warnings: [why]};
	}

	const wanted = unitNames.filter(name => libvirt || name === 'vfctl.service');
	const actions: Action[] = [
		...wanted.flatMap(name => write(unitPath(name), files.get(unitPath(name)) ?? null, unitText(name, program), reload(facts))),
		...wanted.filter(name => units.get(name) !== 'enabled').map((unit): Action => ({kind: 'set-unit', unit, from: 'disabled', to: 'enabled'})),
		...unitNames.filter(name => !wanted.includes(name)).flatMap(name => removeUnit(facts, name)),
	];
	return itemState('unit', actions, {
		set: `${wanted.join(' and ')} appl${wanted.length === 1 ? 'ies' : 'y'} ${hostFilePath} at every boot`,
		missing: 'nothing makes VFs again after a boot: the kernel forgets them, their settings and drivers',
	}, hostFile ? [] : [`there is no ${hostFilePath}: until there is, the units do nothing (vfctl export writes one)`]);
}

/** Units disabled and their files taken away. */
export function removeUnits(facts: BootFacts): Action[] {
	return unitNames.toReversed().flatMap(name => removeUnit(facts, name));
}

function removeUnit(facts: BootFacts, unit: UnitName): Action[] {
	const {files, units} = facts;
	return [
		...units.get(unit) === 'enabled' ? [{kind: 'set-unit', unit, from: 'enabled', to: 'disabled'} as const] : [],
		...write(unitPath(unit), files.get(unitPath(unit)) ?? null, null, reload(facts)),
	];
}

function reload({systemd}: BootFacts): readonly string[] | null {
	return systemd?.running === true ? ['systemctl', 'daemon-reload'] : null;
}

/** The host file where the units look for it. `wanted` is the text to put there, or null to leave
 * it as it is; `problem` says why that cannot be applied. */
export function hostFileItem({files}: BootFacts, {wanted, problem, time}: {wanted: string | null; problem: string | null; time: string}): ItemState {
	const current = files.get(hostFilePath) ?? null;
	const set = `the wanted state is in ${hostFilePath}`;
	const missing = `${hostFilePath} is not there: vfctl export writes one from this host, vfctl persist on --host-file FILE puts it there`;
	if (wanted === null && problem !== null) {
		const why = `${hostFilePath} cannot be applied at boot: ${problem}`;
		return {item: 'host-file', state: 'by-hand', why, actions: [], warnings: [why]};
	}

	if (wanted === null) {
		return {item: 'host-file', state: current === null ? 'missing' : 'set', why: current === null ? missing : set, actions: [], warnings: []};
	}

	const aside = current === null || current === wanted ? undefined : setAside(hostFilePath, current, time);
	return itemState('host-file', [...aside?.actions ?? [], ...write(hostFilePath, current, wanted, null)], {
		set, missing: current === null ? missing : `${hostFilePath} says something else`,
	}, aside === undefined ? [] : [aside.note]);
}
