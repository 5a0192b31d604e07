// Whether the VFs that a card could have can be made at all: foreseen from the PCI tree.
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {needsAri, vfAddress, vfBus, vfsWithinBuses, type SriovSpace} from '../../model/sriov-space.ts';
import {bad, needsRoot, ok, seen, unseen, type Answer, type Check} from './check.ts';
import type {DoctorFacts} from './facts.ts';
import {kernelArgumentFix} from './kernel-argument.ts';

function capability(facts: DoctorFacts): Answer[] {
	const {inventory: {pfs}, withoutVfs} = facts;
	const answers = pfs.map(pf => ok(pfName(pf), `${pf.numVfs} of ${pf.totalVfs} VFs`, [seen(`${path(pf)}/sriov_totalvfs`, String(pf.totalVfs)), seen(`${path(pf)}/sriov_numvfs`, String(pf.numVfs))]));
	const off = (withoutVfs ?? []).map(({bdf, totalVfs}) => bad('warning', bdf, totalVfs === 0 ? 'the card can have VFs, and the firmware lets it have none' : 'the card can have VFs, and the kernel does not show them', {
		evidence: [seen(`/sys/bus/pci/devices/${bdf}/config`, `SR-IOV capability, ${totalVfs} VFs`), seen(`/sys/bus/pci/devices/${bdf}/sriov_totalvfs`, undefined)],
		meaning: 'no VF can be made on it',
		advice: totalVfs === 0 ? 'switch SR-IOV on in the firmware (and in the card\'s own setup), then reboot' : 'boot a kernel with CONFIG_PCI_IOV',
	}));
	if (answers.length + off.length > 0) {
		return [...answers, ...off];
	}

	return withoutVfs === null ? [needsRoot(null, facts, 'no network card shows VFs, and config space cannot be read to see whether one could have them')] : [bad('error', null, 'no network card of this host can have VFs', {
		evidence: [seen('/sys/bus/pci/devices/*/sriov_totalvfs', 'none of a network function'), seen('/sys/bus/pci/devices/*/config', 'no SR-IOV capability')],
		meaning: 'there is nothing to give to a guest',
		advice: 'use a card with SR-IOV; some show it only after it was switched on in the firmware or the card\'s own setup (Mellanox: mlxconfig SRIOV_EN=1)',
	})];
}

function busNumbers({inventory, spaces, boot}: DoctorFacts): Answer[] {
	return withSpace(inventory.pfs, spaces, (pf, space) => {
		const last = vfBus(pf, pf.totalVfs - 1);
		if (pf.numVfs === pf.totalVfs || pf.totalVfs === 0) {
			return ok(pfName(pf), 'all its VFs are there');
		}

		const routing = seen(path(pf), `sriov_offset ${pf.vfOffset ?? 'not told'}, sriov_stride ${pf.vfStride ?? 'not told'}, sriov_totalvfs ${pf.totalVfs}`);
		if (last === null) {
			return unseen(pfName(pf), 'the kernel does not tell where its VFs will be', {evidence: [routing]});
		}

		const own = Number.parseInt(pf.bdf.slice(-7, -5), 16);
		const lastBus = space.bridge === null ? space.rootLastBus : space.bridge.lastBus;
		const where = space.bridge === null ? seen('dmesg', lastBus === null ? 'no line about its root bus' : `root bus goes to ${hex(lastBus)}`) : seen(`/sys/bus/pci/devices/${space.bridge.bdf}/config`, lastBus === null ? 'cannot be read' : `subordinate bus ${hex(lastBus)}`);
		const foreseen = seen('its last VF would be', `${vfAddress(pf, pf.totalVfs - 1) ?? '?'}, bus ${hex(last)}`);
		if (last === own) {
			return ok(pfName(pf), `its VFs fit on its own bus ${hex(own)}`, [routing, foreseen]);
		}

		if (lastBus === null) {
			return unseen(pfName(pf), 'its VFs need another bus number, and what the bus above it has is not told', {evidence: [routing, foreseen, where]});
		}

		const fit = vfsWithinBuses(pf, pf.totalVfs, lastBus);
		return fit === pf.totalVfs ? ok(pfName(pf), `bus numbers for all its VFs (to ${hex(last)})`, [routing, foreseen, where]) : bad(fit === 0 ? 'error' : 'warning', pfName(pf), `${fit === 0 ? 'none of its VFs gets' : `only ${fit} of its ${pf.totalVfs} VFs get`} a bus number: they go to bus ${hex(last)}, and the bus above ends at ${hex(lastBus)}`, {
			evidence: [routing, foreseen, where, seen(`${path(pf)}/ari_enabled`, space.ari === null ? 'not told' : space.ari ? '1' : '0')],
			meaning: `more fails with 'Cannot allocate memory' and "can't enable ${pf.totalVfs} VFs (bus ${hex(last)} out of range of [bus ${hex(own)}${lastBus === own ? '' : `-${hex(lastBus)}`}])"`,
			advice: `switch SR-IOV${space.ari === false ? ' and ARI' : ''} on in the firmware, so that it leaves bus numbers free${space.ari === false ? ' (with ARI the VFs fit on fewer buses)' : ''}; or let the kernel number buses anew: ${kernelArgumentFix(boot.loader, 'pci=assign-busses').advice}`,
			commands: [...fit === 0 ? [] : [`vfctl vf create ${quote(pfName(pf))} ${fit}`], ...kernelArgumentFix(boot.loader, 'pci=assign-busses').commands],
		});
	});
}

function ari({inventory, spaces}: DoctorFacts): Answer[] {
	return withSpace(inventory.pfs, spaces, (pf, space) => {
		const first = vfAddress(pf, 0);
		const evidence = [seen(`${path(pf)}/ari_enabled`, space.ari === null ? undefined : space.ari ? '1' : '0'), ...first === null ? [] : [seen('its first VF', first)]];
		if (first === null || !needsAri(pf.bdf, first) || space.bridge === null) {
			return ok(pfName(pf), 'its VFs need no ARI', evidence);
		}

		if (space.ari === null) {
			return unseen(pfName(pf), 'the kernel does not tell whether ARI is on', {evidence});
		}

		return space.ari ? ok(pfName(pf), 'ARI is on', evidence) : bad('error', pfName(pf), 'its VFs are functions that only ARI reaches, and ARI is off', {
			evidence, meaning: 'below a PCI Express port without ARI forwarding only device 0 answers: VFs are made and cannot be reached',
			advice: 'switch ARI on in the firmware, or use a slot behind a port that forwards it',
		});
	});
}

function mmio(facts: DoctorFacts): Answer[] {
	const {inventory, spaces, boot} = facts;
	return withSpace(inventory.pfs, spaces, (pf, {bars, complaints}) => {
		if (pf.numVfs > 0) {
			return ok(pfName(pf), 'its VFs have address space: some are there');
		}

		const log = complaints.slice(0, 3).map(line => seen('dmesg', line));
		if (bars === null || bars.length === 0) {
			return needsRoot(pfName(pf), facts, 'its VF BARs are not told');
		}

		const without = bars.filter(({assigned}) => !assigned);
		const evidence = [seen(`${path(pf)}/resource`, bars.map(({number, bytes, assigned}) => `VF BAR ${number}: ${bytes === null ? 'nothing' : `${Math.ceil(bytes / 1024)} KiB for all VFs`}${assigned ? '' : ', no addresses'}`).join('; ')), ...log];
		const fix = kernelArgumentFix(boot.loader, 'pci=realloc');
		return without.length === 0 ? ok(pfName(pf), 'its VFs have address space', evidence) : bad('error', pfName(pf), `${without.length === 1 ? `VF BAR ${without[0]!.number} has` : `VF BARs ${without.map(({number}) => number).join(' and ')} have`} no addresses`, {
			evidence, meaning: 'VFs cannot be made: \'Cannot allocate memory\', "not enough MMIO resources for SR-IOV"',
			advice: `switch SR-IOV and 'Above 4G decoding' on in the firmware; or let the kernel hand out addresses anew: ${fix.advice}`,
			commands: fix.commands,
		});
	});
}

function withSpace(pfs: readonly Pf[], spaces: readonly SriovSpace[], judge: (pf: Pf, space: SriovSpace) => Answer): Answer[] {
	return pfs.flatMap(pf => {
		const space = spaces.find(one => one.pf === pf.bdf);
		return space === undefined ? [] : [judge(pf, space)];
	});
}

function path({bdf}: Pf): string {
	return `/sys/bus/pci/devices/${bdf}`;
}

function hex(bus: number): string {
	return bus.toString(16).padStart(2, '0');
}

export const spaceChecks: readonly Check[] = [
	{name: 'capability', asks: 'network cards can have VFs, and the firmware lets them', look: capability},
	{name: 'bus-numbers', asks: 'there are bus numbers for all VFs, before they are made', look: busNumbers},
	{name: 'ari', asks: 'VFs that only ARI reaches have it', look: ari},
	{name: 'mmio', asks: 'there is address space for the VFs, before they are made', look: mmio},
];
