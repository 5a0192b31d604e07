// Names of PFs and VFs as an admin types them.
import {AppError} from '../errors.ts';
import {parseBdf, toBdf, type Bdf} from './bdf.ts';
import type {Inventory} from './inventory.ts';
import type {Pf, Vf} from './pci.ts';
import {quote} from './shell-word.ts';

export type Selected = {kind: 'pf'; pf: Pf} | {kind: 'vf'; pf: Pf; vf: Vf};

/** What a name means: a PF by interface or address; a VF by address, interface, `PF#INDEX` or
 * `sriov:PF:INDEX` (nmstate's spelling). Throws PF_NOT_FOUND, VF_NOT_FOUND, NOT_SRIOV,
 * DISK_CONTROLLER or BAD_BDF. */
export function select(inventory: Inventory, name: string): Selected {
	return find(inventory, name, 'VF_NOT_FOUND');
}

function find(inventory: Inventory, name: string, missing: 'PF_NOT_FOUND' | 'VF_NOT_FOUND'): Selected {
	const indexed = /^sriov:(.+):(\d+)$/.exec(name) ?? /^(.+)#(\d+)$/.exec(name);
	if (indexed) {
		const pf = selectPf(inventory, indexed[1]!);
		return {kind: 'vf', pf, vf: vfAt(pf, Number(indexed[2]))};
	}

	const bdf = parseBdf(name) ?? bdfOfNetdev(inventory, name);
	for (const pf of inventory.pfs) {
		if (pf.bdf === bdf) {
			return {kind: 'pf', pf};
		}

		const vf = pf.vfs.find(candidate => candidate.bdf === bdf);
		if (vf) {
			return {kind: 'vf', pf, vf};
		}
	}

	throw notFound(inventory, name, bdf, missing);
}

/** A PF by interface or address; throws PF_NOT_FOUND also when a VF was named, and what `select`
 * throws. */
export function selectPf(inventory: Inventory, name: string): Pf {
	const selected = find(inventory, name, 'PF_NOT_FOUND');
	if (selected.kind === 'vf') {
		throw new AppError('PF_NOT_FOUND', `'${name}' is a VF, not a PF`, {
			why: `${selected.vf.bdf} is VF ${selected.vf.index} of ${pfName(selected.pf)}`,
			fix: `name the PF: ${pfName(selected.pf)}`,
		});
	}

	return selected.pf;
}

/** A VF by any of its names; throws PF_NOT_VF when a PF was named. */
export function selectVf(inventory: Inventory, name: string): {pf: Pf; vf: Vf} {
	const selected = select(inventory, name);
	if (selected.kind === 'pf') {
		throw new AppError('PF_NOT_VF', `'${name}' is a PF, and this needs a VF`, {
			why: `${selected.pf.bdf} is a physical function with ${selected.pf.numVfs} of ${selected.pf.totalVfs} VFs; the whole card would be taken from the host`,
			fix: `name one of its VFs, for example ${pfName(selected.pf)}#0 (vfctl show ${quote(pfName(selected.pf))})`,
		});
	}

	return selected;
}

/** The VF at an address, with its PF; undefined when there is none. */
export function findVf({pfs}: Pick<Inventory, 'pfs'>, bdf: Bdf | null | undefined): {pf: Pf; vf: Vf} | undefined {
	for (const pf of pfs) {
		const vf = pf.vfs.find(candidate => candidate.bdf === bdf);
		if (vf) {
			return {pf, vf};
		}
	}

	return undefined;
}

/** The name an admin knows a PF by: its interface, or its address when it has none. */
export function pfName(pf: Pf): string {
	return pf.netdevs[0] ?? pf.bdf;
}

/** `ens6f1#0`: the name of a VF that does not change with drivers and namespaces. */
export function vfName(pf: Pf, vf: Vf): string {
	return `${pfName(pf)}#${vf.index}`;
}

function vfAt(pf: Pf, index: number): Vf {
	const vf = pf.vfs.find(candidate => candidate.index === index);
	if (!vf) {
		throw new AppError('VF_NOT_FOUND', `${pfName(pf)} has no VF ${index}`, {
			why: pf.numVfs === 0 ? 'it has no VFs at the moment' : `it has VFs 0 to ${pf.numVfs - 1}`,
			fix: pf.numVfs === 0 ? `vfctl vf create ${quote(pfName(pf))} ${Math.min(index + 1, pf.totalVfs)}` : `vfctl show ${quote(pfName(pf))}`,
		});
	}

	return vf;
}

function bdfOfNetdev(inventory: Inventory, name: string): Bdf | undefined {
	for (const pf of inventory.pfs) {
		if (pf.netdevs.includes(name)) {
			return pf.bdf;
		}

		const vf = pf.vfs.find(({netdevs}) => netdevs.includes(name));
		if (vf) {
			return vf.bdf;
		}
	}

	return (inventory.netdevs.get(name) ?? [...inventory.netdevs.values()].find(({altnames}) => altnames?.includes(name)))?.bdf ?? undefined;
}

// Three numbers in hexadecimal, the last one behind a dot: meant as an address.
const likeBdf = /^([\da-f]+:)?[\da-f]+:[\da-f]+\.[\da-f]+$/i;

function notFound(inventory: Inventory, name: string, bdf: Bdf | undefined, missing: 'PF_NOT_FOUND' | 'VF_NOT_FOUND'): AppError {
	if (bdf === undefined && likeBdf.test(name)) {
		toBdf(name);
	}

	const disk = inventory.hostUses.find(use => use.bdf === bdf && use.kind === 'disk');
	if (disk) {
		return new AppError('DISK_CONTROLLER', `${bdf} is a disk controller of this host`, {why: disk.reason, fix: 'vfctl list shows the devices that can be given away'});
	}

	if (bdf !== undefined && inventory.functions.has(bdf)) {
		return new AppError('NOT_SRIOV', `${name} is neither a PF nor a VF of a network card`, {
			why: 'it has no SR-IOV capability that the kernel shows (sriov_totalvfs is missing)',
			fix: 'vfctl list shows the PFs of this host; SR-IOV may be switched off in the firmware',
		});
	}

	if (inventory.netdevs.has(name)) {
		return new AppError('NOT_SRIOV', `${name} is not the interface of an SR-IOV card`, {why: 'no PF or VF on the PCI bus is behind it', fix: 'vfctl list'});
	}

	return new AppError(missing, `nothing on this host is called '${name}'`, {
		why: `its PFs are: ${inventory.pfs.map(pf => pfName(pf)).join(', ') || 'none'}`,
		fix: 'vfctl list',
	});
}
