// Whether PFs and VFs are as somebody wants them.
import type {Inventory} from '../../model/inventory.ts';
import {holderOf} from '../../model/holder.ts';
import {downHint} from '../../model/mailbox-hints.ts';
import type {Mac} from '../../model/mac.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import {pfName, vfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {hostDriverOf, isVfioDriver} from '../../model/vf-driver.ts';
import type {Action} from '../action.ts';
import {ruleDriver} from '../binding-rule.ts';
import {bad, needsRoot, ok, seen, unseen, type Answer, type Check} from './check.ts';
import type {DoctorFacts} from './facts.ts';

function pfUp({inventory: {pfs, netdevs}}: DoctorFacts): Answer[] {
	return pfs.filter(({numVfs, driver}) => numVfs > 0 && driver !== null && !isVfioDriver(driver)).flatMap(pf => {
		const own = pf.netdevs.map(name => netdevs.get(name)).filter(one => one !== undefined);
		if (own.length === 0) {
			return [unseen(pfName(pf), pf.inNamespace ? 'its interface is in another network namespace' : 'it has no interface to look at', {evidence: [seen(`/sys/bus/pci/devices/${pf.bdf}/net`, 'empty')]})];
		}

		const down = own.filter(({up}) => !up);
		const evidence = own.map(({name, up, operstate}) => seen(`ip link show ${name}`, `${up ? 'UP' : 'down'}, operstate ${operstate}`));
		return [down.length === 0 ? ok(pfName(pf), 'up, as its VFs need it', evidence) : bad('error', pfName(pf), `it has ${pf.numVfs} VFs and is down`, {
			evidence, meaning: downHint(down[0]!.name),
			advice: 'bring it up, and let what sets up interfaces on this host do so at boot',
			commands: down.map(({name}) => `ip link set ${quote(name)} up`),
			repair: {actions: down.map(({name}) => ({kind: 'set-link', netdev: name, from: 'down', to: 'up'}))},
		})];
	});
}

/** A driver that has no VFs to give (vfio, uio) is somebody's choice; none at all is nobody's. */
function pfDriver({inventory: {pfs}}: DoctorFacts): Answer[] {
	return pfs.map(pf => pf.driver !== null ? ok(pfName(pf), `on ${pf.driver}`, [seen(`/sys/bus/pci/devices/${pf.bdf}/driver`, pf.driver)]) : bad('warning', pfName(pf), 'no driver has this PF', {
		evidence: [seen(`/sys/bus/pci/devices/${pf.bdf}/driver`, undefined), ...pf.driverOverride === null ? [] : [seen(`/sys/bus/pci/devices/${pf.bdf}/driver_override`, pf.driverOverride)]],
		meaning: 'it has no interface, and VFs cannot be made on it',
		advice: 'load its driver, or probe it again; dmesg says why a probe failed',
		commands: [`modprobe -v "$(cat /sys/bus/pci/devices/${pf.bdf}/modalias)"`, `echo ${pf.bdf} > /sys/bus/pci/drivers_probe`],
	}));
}

// Their switch sends what a VF addresses to nobody it knows out of the port: canonical/hotsos issue
// 365, and seen in the lab with igb.
const strictSwitches = new Set(['igb', 'ixgbe', 'i40e', 'ice']);

function bridgedPf({inventory, filters}: DoctorFacts): Answer[] {
	return inventory.pfs.filter(({numVfs, driver}) => numVfs > 0 && driver !== null && strictSwitches.has(driver)).flatMap(pf => pf.netdevs.flatMap(name => {
		const bridge = inventory.netdevs.get(inventory.netdevs.get(name)?.master ?? '');
		if (bridge?.kind !== 'bridge') {
			return [];
		}

		const macs = macsOn(inventory, bridge.name);
		if (macs === null) {
			return [unseen(name, `it is in bridge ${bridge.name}, and libvirt does not tell which guests are there`)];
		}

		const filter = filters.get(name);
		if (macs.length === 0) {
			return [ok(name, `in bridge ${bridge.name}, on which no running guest is`)];
		}

		if (filter === undefined || 'unseen' in filter) {
			return [unseen(name, filter?.unseen ?? 'its address filter was not read')];
		}

		const missing = macs.filter(({mac}) => !filter.value.includes(mac));
		const evidence = [seen(`bridge fdb show dev ${name}`, filter.value.length === 0 ? 'no unicast address' : filter.value.join(', ')), seen(`guests on ${bridge.name}`, macs.map(({guest, mac}) => `${guest} ${mac}`).join(', '))];
		return [missing.length === 0 ? ok(name, `its switch knows the guests on bridge ${bridge.name}`, evidence) : bad('warning', name, `its switch does not know ${missing.length === 1 ? 'a guest' : `${missing.length} guests`} on bridge ${bridge.name}`, {
			evidence, meaning: `guests with a VF of ${name} cannot reach them: the card sends the frames out of the port instead of to the bridge`,
			advice: 'tell the card; the entries go with the interface, so whoever starts the guests must set them again',
			commands: missing.map(({mac}) => `bridge fdb add ${mac} dev ${quote(name)} self`),
			repair: {actions: missing.map(({mac}) => ({kind: 'set-filter', netdev: name, mac, from: false, to: true}))},
		})];
	}));
}

/** Interfaces of running guests on a bridge, directly or through a network; null when not known. */
function macsOn({guests, networks}: Inventory, bridge: string): Array<{guest: string; mac: Mac}> | null {
	const names = new Set((networks ?? []).filter(network => network.bridge === bridge).map(({name}) => name));
	return guests && guests.flatMap(({name, live}) => (live?.interfaces ?? []).flatMap(({type, source, mac}) =>
		mac !== null && ((type === 'bridge' && source === bridge) || (type === 'network' && names.has(source ?? ''))) ? [{guest: name, mac}] : []));
}

function orphans(facts: DoctorFacts): Answer[] {
	const {inventory} = facts;
	return inventory.pfs.filter(({vfs}) => vfs.length > 0).flatMap(pf => {
		if (pf.driver === null || isVfioDriver(pf.driver)) {
			return [bad('error', pfName(pf), `it has ${pf.numVfs} VFs and ${pf.driver === null ? 'no driver' : `is on ${pf.driver}`}`, {
				evidence: [seen(`/sys/bus/pci/devices/${pf.bdf}/driver`, pf.driver)],
				meaning: 'nobody answers the mailboxes of its VFs, sets their MACs or links, and their number cannot change',
				advice: 'bind it to its network driver again; guests with its VFs are started anew after that',
				commands: [...pf.driverOverride === null ? [] : [`echo > /sys/bus/pci/devices/${pf.bdf}/driver_override`], ...pf.driver === null ? [] : [`echo ${pf.bdf} > /sys/bus/pci/drivers/${pf.driver}/unbind`], `echo ${pf.bdf} > /sys/bus/pci/drivers_probe`],
			})];
		}

		const taken = pf.vfs.filter(vf => isVfioDriver(vf.driver));
		if (taken.length === 0) {
			return [ok(pfName(pf), 'none of its VFs is on vfio-pci for nobody')];
		}

		const left = taken.filter(vf => isLeft(vf, facts));
		if (left.length === 0) {
			return [ok(pfName(pf), `its ${taken.length === 1 ? 'VF' : `${taken.length} VFs`} on vfio-pci belong${taken.length === 1 ? 's' : ''} to somebody`)];
		}

		if (inventory.guests === null) {
			return [unseen(pfName(pf), `${names(pf, left)} ${left.length === 1 ? 'is' : 'are'} on vfio-pci, and libvirt does not tell for which guest`)];
		}

		if (!facts.root) {
			return [needsRoot(pfName(pf), facts, `${names(pf, left)} ${left.length === 1 ? 'is' : 'are'} on vfio-pci, and processes of others cannot be seen`)];
		}

		const driver = hostDriverOf(pf);
		return [bad('warning', subjectOf(pf, left), left.length === 1 ? `on ${left[0]!.driver}, and nobody has it` : `${names(pf, left)} are on ${left[0]!.driver}, and nobody has them`, {
			evidence: left.slice(0, 4).map(vf => seen(`/sys/bus/pci/devices/${vf.bdf}/driver`, `${vf.driver}; no guest, pool, process or rule of vfctl names it`)),
			meaning: 'left behind by a guest or a test: the host cannot use it, and vfctl attach does not choose it by itself',
			advice: 'give it back; if it is for a program that comes later, say so with vfctl bind --persist',
			commands: left.map(vf => `vfctl restore ${quote(vfName(pf, vf))}`),
			repair: driver === undefined ? undefined : {actions: left.map(vf => bindAction(vf, driver))},
		})];
	});
}

/** No guest, pool, process or rule wants it on vfio. */
function isLeft(vf: Vf, {inventory, bindingRules}: DoctorFacts): boolean {
	const holder = holderOf(vf, inventory);
	const pools = (inventory.pools ?? []).flatMap(({members, saved}) => [...members, ...saved?.members ?? []]);
	return (holder.kind === 'nobody' || holder.kind === 'reserved') && !pools.includes(vf.bdf) && !isVfioDriver(ruleDriver(bindingRules.get(vf.bdf)) ?? null);
}

/** driver_override that names another driver than the one that has the device. driverctl writes
 * `none` to keep a device from all drivers. */
function overrides({inventory, bindingRules}: DoctorFacts): Answer[] {
	return inventory.pfs.flatMap(pf => {
		const stale = pf.vfs.filter(vf => isStale(vf));
		const own = isStale(pf) ? [bad('warning', pfName(pf), `the PF is pinned to ${pf.driverOverride} and is on ${pf.driver ?? 'no driver'}`, {
			evidence: [seen(`/sys/bus/pci/devices/${pf.bdf}/driver_override`, pf.driverOverride), seen(`/sys/bus/pci/devices/${pf.bdf}/driver`, pf.driver)],
			meaning: 'the next time its driver is loaded, its network driver does not get it',
			advice: 'take the pin away', commands: [`echo > /sys/bus/pci/devices/${pf.bdf}/driver_override`],
			repair: {actions: [{kind: 'bind', bdf: pf.bdf, from: {driver: pf.driver, override: pf.driverOverride}, to: {driver: pf.driver, override: null}}]},
		})] : [];
		if (stale.length === 0) {
			return [...own, ...own.length === 0 ? [ok(pfName(pf), 'no driver_override that contradicts the driver')] : []];
		}

		const [first] = stale as [Vf];
		const driver = hostDriverOf(pf);
		const free = stale.filter(vf => !bindingRules.has(vf.bdf) && (vf.driver !== null || driver !== undefined));
		return [...own, bad('warning', subjectOf(pf, stale), `${stale.length === 1 ? '' : `${names(pf, stale)} are `}pinned to ${first.driverOverride}, and on ${first.driver ?? 'no driver'}`, {
			evidence: stale.slice(0, 4).flatMap(vf => [seen(`/sys/bus/pci/devices/${vf.bdf}/driver_override`, vf.driverOverride), seen(`/sys/bus/pci/devices/${vf.bdf}/driver`, vf.driver)]),
			meaning: 'a pin left behind: the next probe gives it to another driver than the one it has, and vfctl attach does not choose it by itself',
			advice: 'take the pin away; if it was meant, bind it as pinned',
			commands: stale.map(vf => `${bindingRules.has(vf.bdf) ? `vfctl bind ${quote(vfName(pf, vf))} ${vf.driverOverride}` : `vfctl restore ${quote(vfName(pf, vf))}`}`),
			repair: {actions: free.map(vf => bindAction(vf, vf.driver ?? driver!))},
		})];
	});
}

function isStale({driver, driverOverride}: Pick<Vf, 'driver' | 'driverOverride'>): boolean {
	return driverOverride !== null && driverOverride !== 'none' && driverOverride !== driver;
}

function bindAction({bdf, pf, driver, driverOverride}: Vf, to: string): Action {
	return {kind: 'bind', bdf, physfn: pf, from: {driver, override: driverOverride}, to: {driver: to, override: null}};
}

function subjectOf(pf: Pf, vfs: readonly Vf[]): string {
	return vfs.length === 1 ? vfName(pf, vfs[0]!) : pfName(pf);
}

function names(pf: Pf, vfs: readonly Vf[]): string {
	const shown = vfs.slice(0, 4).map(vf => vfName(pf, vf)).join(', ');
	return vfs.length > 4 ? `${shown} and ${vfs.length - 4} more` : shown;
}

export const useChecks: readonly Check[] = [
	{name: 'pf-driver', asks: 'each PF has a driver', look: pfDriver},
	{name: 'pf-up', asks: 'PFs with VFs are up', look: pfUp},
	{name: 'bridged-pf', asks: 'a PF in a bridge knows the MACs of the guests there', look: bridgedPf},
	{name: 'orphans', asks: 'VFs have a PF driver, and those on vfio-pci a guest, pool, process or rule', look: orphans},
	{name: 'driver-override', asks: 'no driver_override contradicts the driver that has the device', look: overrides},
];
