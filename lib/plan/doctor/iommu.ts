// Whether devices are kept apart from the host's memory and from each other.
import {acsOfPath} from '../../model/acs.ts';
import type {Evidence} from '../../model/doctor.ts';
import type {Bdf} from '../../model/bdf.ts';
import {groupBlockers} from '../../model/group.ts';
import {groupVerdict} from '../../model/group-verdict.ts';
import {pfName} from '../../model/select.ts';
import {blockingArguments} from '../persist/arguments.ts';
import {kernelArgumentsItem} from '../persist/kernel-arguments.ts';
import {bad, logEvidence, needsRoot, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';

function translation(facts: DoctorFacts): Answer[] {
	const {inventory: {kernel, groups}, iommu, iommuTables, boot, time} = facts;
	const evidence: Evidence[] = [
		seen('/sys/kernel/iommu_groups', groups.size === 0 ? 'empty' : `${groups.size} groups with PCI functions`),
		seen('/sys/class/iommu', iommu.units.join(', ')),
		seen('/proc/cmdline', kernel.commandLine),
		...iommuTables === null ? [] : [seen('/sys/firmware/acpi/tables', iommuTables.length === 0 ? 'no DMAR, IVRS or IORT' : iommuTables.join(', '))],
		...logEvidence(facts, /DMAR: (?!DRHD|RMRR|\[Firmware)|AMD-Vi: (?:Interrupt|Disab|Lazy|.*not)|IOMMU.*(?:disabled|not)/),
	];
	if (kernel.iommu === 'on') {
		return [ok(null, `the IOMMU translates (${iommu.kind === 'none' ? 'unit not shown' : `${iommu.kind}: ${iommu.units.join(', ')}`})`, evidence)];
	}

	const item = kernelArgumentsItem(boot, time);
	const blocking = blockingArguments(boot.iommuMaker, boot.runningArguments);
	const why = blocking.length > 0 ? `the kernel command line has ${blocking.join(' ')}`
		: iommuTables?.length === 0 ? 'the firmware tells of no IOMMU'
			: item.state === 'missing' || item.state === 'by-hand' ? item.why
				: 'the arguments are there, so the firmware has it switched off, or this machine has none';
	return [bad('error', null, `the IOMMU does not translate: ${why}`, {
		evidence, meaning: 'no device can be given to a guest: vfio-pci refuses, and libvirt says that the host does not support passthrough',
		advice: `switch on Intel VT-d or AMD-Vi (IOMMU) in the firmware${blocking.length > 0 ? `, take ${blocking.join(' ')} off the kernel command line` : ''}${item.actions.length > 0 ? ', give the kernel its arguments' : ''}, then reboot`,
		commands: item.actions.length > 0 ? ['vfctl persist on --only kernel-arguments', 'reboot'] : item.state === 'after-reboot' ? ['reboot'] : [],
		repair: blocking.length > 0 ? undefined : {actions: item.actions, warnings: item.warnings, needsReboot: true},
	})];
}

/** Groups of PFs and VFs: each PF is one subject. */
function groups({inventory, groupTypes}: DoctorFacts): Answer[] {
	if (inventory.kernel.iommu === 'off') {
		return [];
	}

	return inventory.pfs.map(pf => {
		const functions = [inventory.functions.get(pf.bdf), ...pf.vfs.map(({bdf}) => inventory.functions.get(bdf))].filter(one => one !== undefined);
		const outside = functions.filter(({iommuGroup}) => iommuGroup === null).map(({bdf}) => bdf);
		if (outside.length > 0) {
			return bad('error', pfName(pf), `${outside.length === 1 ? `${outside[0]} is` : `${outside[0]} and ${outside.length - 1} more are`} in no IOMMU group, though the IOMMU is on`, {
				evidence: outside.slice(0, 3).map(bdf => seen(`/sys/bus/pci/devices/${bdf}/iommu_group`, undefined)),
				meaning: 'DMA of that device is not translated, and it cannot be given to a guest',
				advice: 'the firmware\'s tables leave the slot out: update the firmware, or put the card into another slot',
			});
		}

		const types = [...new Set(functions.map(({iommuGroup}) => groupTypes.get(iommuGroup!) ?? null))];
		const known = types.filter(type => type !== null);
		const evidence = [seen('/sys/kernel/iommu_groups/*/type', types.map(type => type ?? 'not told').join(', '))];
		if (known.length < types.length) {
			return unseen(pfName(pf), 'the kernel does not tell the domain type of its groups (before Linux 4.11, or the file cannot be read)', {evidence});
		}

		const passed = known.includes('identity');
		return ok(pfName(pf), passed ? 'in IOMMU groups; while the host has them they pass untranslated (iommu=pt), in a guest they are translated' : `in IOMMU groups, translated (${known.join(', ')})`, evidence);
	});
}

function interruptRemapping(facts: DoctorFacts): Answer[] {
	const {inventory: {kernel}, boot} = facts;
	const log = logEvidence(facts, /[Ii]nterrupt remapping|IRQ remapping|DMAR-IR/);
	const evidence = [seen('/proc/interrupts', {on: 'chips with IR-: remapped', off: 'PCI-MSI and IO-APIC without IR-', unknown: 'no chip that tells'}[kernel.interruptRemapping]), ...log];
	if (kernel.iommu === 'off') {
		return [unseen(null, 'without an IOMMU nothing remaps interrupts: see iommu.translation', {evidence})];
	}

	if (kernel.interruptRemapping === 'on') {
		return [ok(null, 'interrupts are remapped', evidence)];
	}

	if (kernel.interruptRemapping === 'unknown') {
		return boot.cpuVendor === 'other' ? [] : [unseen(null, '/proc/interrupts names no chip that tells whether interrupts are remapped', {evidence})];
	}

	const nointremap = boot.runningArguments.find(word => /^(?:nointremap|intremap=off)$/.test(word));
	return [bad('error', null, 'the platform does not remap interrupts', {
		evidence: [...evidence, ...nointremap === undefined ? [] : [seen('/proc/cmdline', nointremap)]],
		meaning: 'VFIO refuses devices, because a guest could send interrupts to any processor of the host',
		advice: nointremap === undefined ? 'switch on interrupt remapping (VT-d, x2APIC) in the firmware; in a virtual machine give QEMU -device intel-iommu,intremap=on' : `take ${nointremap} off the kernel command line`,
	})];
}

function unsafeInterrupts({inventory: {kernel}}: DoctorFacts): Answer[] {
	const path = '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts';
	return kernel.unsafeInterrupts ? [bad('danger', null, 'VFIO takes devices without interrupt remapping', {
		evidence: [seen(path, 'Y')],
		meaning: 'a guest with a device can inject interrupts into the host, and crash it or take it over',
		advice: kernel.interruptRemapping === 'on' ? 'this platform remaps interrupts, so the option gains nothing: take it away' : 'switch on interrupt remapping in the firmware instead, then take the option away',
		commands: ['grep -rn allow_unsafe_interrupts /etc/modprobe.d /lib/modprobe.d /proc/cmdline', `echo N > ${path}`],
	})] : [ok(null, 'VFIO insists on interrupt remapping', [seen(path, kernel.modules.includes('vfio_iommu_type1') ? 'N' : 'module not loaded')])];
}

function noIommuMode({iommu, inventory: {kernel}}: DoctorFacts): Answer[] {
	const path = '/sys/module/vfio/parameters/enable_unsafe_noiommu_mode';
	return iommu.noIommuMode ? [bad('danger', null, 'VFIO gives out devices without any IOMMU', {
		evidence: [seen(path, 'Y')],
		meaning: 'a program with such a device can read and write all memory of the host',
		advice: 'switch it off when no DPDK program needs it; with an IOMMU none does',
		commands: [`echo N > ${path}`, 'grep -rn enable_unsafe_noiommu_mode /etc/modprobe.d'],
	})] : [ok(null, 'VFIO gives out nothing without an IOMMU', [seen(path, kernel.modules.includes('vfio') ? 'N' : 'module not loaded')])];
}

function acsOverride({iommu, inventory: {kernel}}: DoctorFacts): Answer[] {
	const word = kernel.commandLine.split(/\s+/).find(one => one.startsWith('pcie_acs_override='));
	return iommu.acsOverride ? [bad('danger', null, 'pcie_acs_override splits IOMMU groups that the hardware does not keep apart', {
		evidence: [seen('/proc/cmdline', word)],
		meaning: 'a device of one guest can reach devices of other guests and of the host past the IOMMU, though the groups look separate',
		advice: 'take it off the kernel command line, and use slots behind ports with ACS (vfctl iommu)',
	})] : [ok(null, 'IOMMU groups are those of the hardware', [seen('/proc/cmdline', 'no pcie_acs_override=')])];
}

function acs(facts: DoctorFacts): Answer[] {
	const {inventory: {pfs, functions, kernel}, acsPaths} = facts;
	if (kernel.iommu === 'off') {
		return [];
	}

	return pfs.flatMap(pf => {
		const path = acsPaths.get(functions.get(pf.bdf)?.iommuGroup ?? -1);
		if (path === undefined) {
			return [];
		}

		const verdict = acsOfPath(path);
		const leaks = path.filter(one => one.verdict === 'leaks').map(({bdf}) => bdf);
		switch (verdict) {
			case 'off': {
				return [bad('warning', pfName(pf), `${leaks.join(', ')} on the way to it do${leaks.length === 1 ? 'es' : ''} not keep devices apart (no ACS)`, {
					evidence: leaks.map(bdf => seen(`/sys/bus/pci/devices/${bdf}/config`, 'no ACS, or not all of it on')),
					meaning: 'its VFs share an IOMMU group with what else is behind that port, and can only be given away together',
					advice: 'put the card behind another port (vfctl iommu --all shows which isolate), or switch ACS on in the firmware',
				})];
			}

			case 'unknown': {
				return [needsRoot(pfName(pf), facts, 'the config space of the bridges above it cannot be read')];
			}

			case 'on':
			case 'quirk':
			case 'none': {
				const words = {on: 'ACS keeps it apart', quirk: 'the kernel keeps it apart without ACS: it knows the hardware', none: 'nothing is on its way that could mix devices'};
				return [ok(pfName(pf), words[verdict], path.map(({bdf, verdict: one}) => seen(`/sys/bus/pci/devices/${bdf}/config`, `ACS: ${one}`)))];
			}
		}
	});
}

/** Groups with VFs and others. A VF that is alone stands in nobody's way. */
function viability({inventory}: DoctorFacts): Answer[] {
	const vfs = new Map(inventory.pfs.flatMap(pf => pf.vfs.map(vf => [vf.bdf, pf] as const)));
	const shared = [...inventory.groups.values()].filter(({members}) => members.length > 1 && members.some(bdf => vfs.has(bdf)));
	const alone = [...vfs.keys()].length - shared.flatMap(({members}) => members.filter(bdf => vfs.has(bdf))).length;
	const answers = shared.map(group => {
		const {viable, reasons} = groupVerdict(group, inventory);
		const byHost = groupBlockers('' as Bdf, group.number, inventory).some(blocker => blocker.byHost);
		const evidence = [seen(`/sys/kernel/iommu_groups/${group.number}/devices`, group.members.join(', '))];
		return viable === false && byHost ? bad('error', `group ${group.number}`, `its VFs cannot be given to a guest: ${reasons.slice(0, 3).join('; ')}${reasons.length > 3 ? `; and ${reasons.length - 3} more` : ''}`, {
			evidence, meaning: 'a group is given as a whole; QEMU says "group is not viable"',
			advice: 'use a card whose VFs have groups of their own, or another slot; members that the host does not need can be taken off their driver (vfctl iommu)',
			commands: ['vfctl iommu --all'],
		}) : ok(`group ${group.number}`, viable === false ? `several members, none of the host's: ${reasons[0]}` : 'several members, and none that the host has', evidence);
	});
	return alone > 0 && inventory.kernel.iommu === 'on' ? [...answers, ok(null, `${alone} VFs are alone in their groups`)] : answers;
}

export const iommuChecks: CheckGroup = {group: 'iommu', checks: [
	{name: 'translation', asks: 'the IOMMU really translates: there are groups, not only words on the command line', look: translation},
	{name: 'groups', asks: 'each PF and VF is in a group whose domain type is known', look: groups},
	{name: 'interrupt-remapping', asks: 'interrupts are remapped', look: interruptRemapping},
	{name: 'unsafe-interrupts', asks: 'vfio_iommu_type1.allow_unsafe_interrupts is off', look: unsafeInterrupts},
	{name: 'no-iommu-mode', asks: 'vfio.enable_unsafe_noiommu_mode is off', look: noIommuMode},
	{name: 'acs-override', asks: 'pcie_acs_override is not on the command line', look: acsOverride},
	{name: 'acs', asks: 'bridges above each PF have ACS', look: acs},
	{name: 'viability', asks: 'no group of VFs has a member that the host or another guest uses', look: viability},
]};
