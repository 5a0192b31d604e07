// What a start-up configuration of VPP says about VFs, and what an admin must know before.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import {holderOf, holderText, isHeld} from '../model/holder.ts';
import {pageSizeWord, type HugepageFacts} from '../model/hugepages.ts';
import type {Inventory} from '../model/inventory.ts';
import {pfName, select, vfName, type Selected} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {hostDriverOf} from '../model/vf-driver.ts';
import type {RiskName} from './plan.ts';

export interface VppDevice {
	bdf: Bdf;
	/** The name of the interface in VPP. */
	name: string;
	/** What it is on the host. */
	comment: string;
	numaNode: number | null;
}

export interface VppConfiguration {
	devices: VppDevice[];
	warnings: string[];
}

// 16384 buffers of VPP's default for a node take 40 MiB, and DPDK's own pools some more.
const wantedHugeKiB = 64 * 1024;

/** The devices of the configuration. Throws PF_NOT_VF for a PF unless its risk was named,
 * MANAGEMENT_INTERFACE and HOST_NETWORK for what the host lives on. */
export function vppConfiguration(inventory: Inventory, hugepages: HugepageFacts, {names, acceptedRisks}: {names: readonly string[]; acceptedRisks: readonly RiskName[]}): VppConfiguration {
	const chosen = names.map(name => select(inventory, name));
	for (const selected of chosen) {
		requireFree(inventory, selected, acceptedRisks);
	}

	const devices = chosen.map(selected => deviceOf(selected));
	const twice = devices.find(({bdf}, index) => devices.findIndex(other => other.bdf === bdf) !== index);
	if (twice) {
		throw new AppError('USAGE', `${twice.bdf} was named twice`, {why: 'VPP does not start with two entries of one device', fix: 'name each device once'});
	}

	return {devices, warnings: [...new Set([...chosen.flatMap(selected => deviceWarnings(inventory, selected)), ...hostWarnings(inventory, hugepages, devices)])]};
}

function bdfOf(selected: Selected): Bdf {
	return selected.kind === 'vf' ? selected.vf.bdf : selected.pf.bdf;
}

function deviceOf(selected: Selected): VppDevice {
	const {pf} = selected;
	// VPP's names are words; two interfaces of one name keep it from starting.
	const word = pfName(pf).replaceAll(/[^\w.-]/g, '-');
	return selected.kind === 'vf'
		? {bdf: selected.vf.bdf, name: `${word}v${selected.vf.index}`, comment: `VF ${selected.vf.index} of ${pfName(pf)}`, numaNode: selected.vf.numaNode}
		: {bdf: pf.bdf, name: word, comment: `the PF ${pfName(pf)}: its VFs cannot be made while VPP has it`, numaNode: pf.numaNode};
}

function requireFree(inventory: Inventory, selected: Selected, accepted: readonly RiskName[]): void {
	const bdf = bdfOf(selected);
	const use = inventory.hostUses.find(candidate => candidate.bdf === bdf);
	if (use) {
		throw use.kind === 'management'
			? new AppError('MANAGEMENT_INTERFACE', `${bdf} carries the connection you came in on`, {why: use.reason, fix: 'name another VF: vfctl list'})
			: new AppError('HOST_NETWORK', `${bdf} serves the host's own network`, {why: `${use.reason}; VPP would take it away, or both would answer for the address`, fix: 'name another VF: vfctl list'});
	}

	if (selected.kind === 'pf' && !accepted.includes('bind-pf')) {
		const name = pfName(selected.pf);
		throw new AppError('PF_NOT_VF', `'${name}' is a PF, and VPP is to get VFs`, {
			why: 'a PF that VPP has leaves its kernel driver, and without that no VFs can be made or set',
			fix: `vfctl vf create ${quote(name)} N and name VFs; or --accept-risk bind-pf when the whole port is meant`,
			details: {risk: 'bind-pf'},
		});
	}
}

function deviceWarnings(inventory: Inventory, selected: Selected): string[] {
	const {pf} = selected;
	if (selected.kind === 'pf') {
		return [
			`VPP takes the PF ${pfName(pf)} from the kernel: no VFs can be made or set on it until it is given back`,
			...pf.numVfs > 0 ? [`${pfName(pf)} has ${pf.numVfs} VFs, and a PF with VFs does not bind to vfio-pci: vfctl vf destroy ${quote(pfName(pf))}`] : [],
			...driverWarnings(inventory, pf.driver, {name: pfName(pf), bdf: pf.bdf, bifurcated: isBifurcated(pf.driver)}),
		];
	}

	const {vf} = selected;
	const name = vfName(pf, vf);
	const holder = holderOf(vf, inventory);
	const settings = vf.settings;
	const usual = hostDriverOf(pf);
	return [
		...isHeld(holder) ? [`${name} is held by ${holderText(holder)}: VPP does not get it until it is let go${holder.kind === 'host' ? '; VPP leaves an interface alone that is up' : ''}`] : [],
		...driverWarnings(inventory, vf.driver, {name, bdf: vf.bdf, bifurcated: isBifurcated(pf.driver)}),
		...usual === 'iavf' && settings !== null && settings.vlan > 0 ? [`the PF puts VLAN ${settings.vlan} on ${name}: VPP's iavf drivers fail with PF drivers that do not offer the VLAN v2 messages`] : [],
		...settings?.trust === false || settings?.spoofchk === true
			? [`${name} ${[...settings.trust === false ? ['is not trusted'] : [], ...settings.spoofchk === true ? ['has spoof checking'] : []].join(' and ')}: as a routed interface it works; for bridge domains, VRRP or other MAC addresses: vfctl vf set ${quote(name)} --trust on --spoofchk off`]
			: [],
		...pfAddressWarning(inventory, selected),
	];
}

/** Host and VPP share the wire: an address or network on both gives two owners. */
function pfAddressWarning({netdevs}: Inventory, {pf}: Selected): string[] {
	const addresses = pf.netdevs.flatMap(name => netdevs.get(name)?.addresses ?? []);
	return addresses.length === 0 ? [] : [`the host has ${addresses.join(', ')} on ${pfName(pf)}, the same wire: give VPP other addresses, or both will answer for them`];
}

function isBifurcated(pfDriver: string | null): boolean {
	return pfDriver === 'mlx5_core' || pfDriver === 'mlx4_core';
}

function driverWarnings({kernel}: Inventory, driver: string | null, {name, bdf, bifurcated}: {name: string; bdf: Bdf; bifurcated: boolean}): string[] {
	if (bifurcated) {
		return driver === 'vfio-pci' ? [`${name} is on vfio-pci, where NVIDIA's DPDK driver does not find it: vfctl dpdk unbind ${bdf}`] : [];
	}

	if (driver === 'vfio-pci') {
		return [];
	}

	return [
		`${name} is on ${driver ?? 'no driver'}: vfctl dpdk bind ${bdf}, or VPP takes it itself, and nothing gives it back`,
		...kernel.iommu === 'off' ? ['the IOMMU is off, so vfio-pci takes no device: vfctl iommu']
			: kernel.modules.includes('vfio_pci') ? [] : ['the module vfio-pci is not loaded, and VPP does not load it: modprobe vfio-pci'],
	];
}

function hostWarnings({netdevs, pfs}: Inventory, {pools, defaultSizeKiB, nodes}: HugepageFacts, devices: readonly VppDevice[]): string[] {
	const own = new Set(devices.map(({bdf}) => bdf));
	const down = [...netdevs.values()].filter(({up, bdf}) => !up && bdf !== null && !own.has(bdf)).map(({name}) => name);
	const several = nodes.size > 1;
	const wanted = several ? [...new Set(devices.map(({numaNode}) => numaNode))] : [null];
	const poor = wanted.map(node => pools.find(pool => pool.sizeKiB === defaultSizeKiB && pool.node === node)).filter(pool => pool !== undefined && pool.free * pool.sizeKiB < wantedHugeKiB);
	return [
		...poor.map(pool => {
			const {sizeKiB, node, free, total} = pool!;
			const place = node === null ? '' : ` on NUMA node ${node}`;
			return `${free === 0 ? 'no huge pages are' : `only ${free} huge pages of ${pageSizeWord(sizeKiB)} are`} free${place}: vfctl dpdk hugepages set ${total + Math.ceil((wantedHugeKiB - free * sizeKiB) / sizeKiB)}${node === null ? '' : ` --node ${node}`}`;
		}),
		...new Set(devices.map(({numaNode}) => numaNode)).size > 1 ? ['the VFs are on different NUMA nodes: each needs its own huge pages, and workers near it'] : [],
		...down.length === 0 ? [] : [`without any dev entry VPP would take ${down.slice(0, 8).join(', ')}${down.length > 8 ? ` and ${down.length - 8} more` : ''}, which ${down.length === 1 ? 'is' : 'are'} down`],
		...pfs.filter(pf => devices.some(({bdf}) => pf.vfs.some(vf => vf.bdf === bdf)) && pf.netdevs.some(name => netdevs.get(name)?.up === false)).map(pf => `${pfName(pf)} is down, so its VFs have no link: ip link set dev ${quote(pfName(pf))} up`),
	];
}
