// `vfctl list` as a table: one line a function, the column with blanks in it last.
import type {ListView, NetdevView, PfView, VfView} from './list-view.ts';
import {cell} from './names.ts';
import {table} from './table.ts';

const headings = ['NAME', 'ADDRESS', 'VFS', 'DRIVER', 'NETDEV', 'MAC', 'VLAN', 'LINK', 'NUMA', 'GROUP', 'HOLDER'];

/** The table; an empty host says so in words. */
export function listText({pfs}: ListView): string {
	if (pfs.length === 0) {
		return 'no network card on this host shows SR-IOV (is it switched on in the firmware, and the driver of the card loaded?)';
	}

	return table(headings, pfs.flatMap(pf => [pfRow(pf), ...pf.vfs.map(vf => vfRow(vf))]));
}

/** What an admin should know about the listing that is not in it. */
export function listNotes({libvirtAnswers, libvirtProblem, pfs}: ListView): string[] {
	return [
		...(libvirtAnswers ? [] : [`note: libvirt does not answer, so it is unknown which guests have VFs (${libvirtProblem ?? 'no reason given'})`]),
		...pfs.filter(pf => pf.vfs.length < pf.numVfs).map(pf => `note: ${pf.name} has ${pf.numVfs} VFs, but only ${pf.vfs.length} of them are on the PCI bus`),
	];
}

function pfRow(pf: PfView): string[] {
	return [pf.name, pf.bdf, `${pf.numVfs}/${pf.totalVfs}`, cell(pf.driver), netdevCell(pf.netdevs), cell(pf.mac), '-', cell(pf.link), cell(pf.numaNode), cell(pf.iommuGroup), pfHolder(pf)];
}

function vfRow(vf: VfView): string[] {
	return [vf.name, vf.bdf, '-', cell(vf.driver), netdevCell(vf.netdevs), cell(vf.mac), cell(vf.vlan === 0 ? null : vf.vlan), cell(vf.link), cell(vf.numaNode), cell(vf.iommuGroup), vf.holder.text];
}

/** How many VFs are in use, and what the host has on the PF itself. */
export function pfHolder(pf: PfView): string {
	return [`${pf.usedVfs} of ${pf.numVfs} VFs in use`, ...pf.hostUses].join('; ');
}

function netdevCell(netdevs: readonly NetdevView[]): string {
	return cell(netdevs.map(({name}) => name).join(','));
}
