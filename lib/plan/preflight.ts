// What must hold before a device is given away. Each check throws; nothing has been touched then.
import {AppError} from '../errors.ts';
import {groupBlockers} from '../model/group.ts';
import {holderOf, holderText, isHeld, type Holder} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {settingLabel} from '../model/vf-settings.ts';
import type {SetVfAction} from './action.ts';
import {riskNames, type RiskName} from './plan.ts';

/** The host can give devices to guests at all: IOMMU_OFF, NO_INTERRUPT_REMAPPING. Returns the
 * risks that the answer rests on. */
export function requireAssignment({kernel}: Inventory, accepted: readonly RiskName[]): RiskName[] {
	if (kernel.iommu === 'off') {
		throw new AppError('IOMMU_OFF', 'the IOMMU is off, so no device can be given to a guest', {
			why: '/sys/kernel/iommu_groups is empty: the kernel translates no device\'s DMA',
			fix: 'switch on VT-d or AMD-Vi in the firmware and add intel_iommu=on (Intel) to the kernel command line, then reboot',
		});
	}

	if (kernel.interruptRemapping !== 'off') {
		return [];
	}

	if (!kernel.unsafeInterrupts) {
		throw new AppError('NO_INTERRUPT_REMAPPING', 'this platform does not remap interrupts', {
			why: 'no interrupt in /proc/interrupts has a remapped chip (IR-...), and VFIO refuses devices without it',
			fix: 'switch on interrupt remapping (VT-d, x2APIC) in the firmware; in a virtual machine give QEMU -device intel-iommu,intremap=on',
		});
	}

	requireRisk('unsafe-interrupts', accepted, 'vfio_iommu_type1.allow_unsafe_interrupts is set on this host');
	return ['unsafe-interrupts'];
}

/** Throws RISK_NOT_ACCEPTED unless the admin named the risk. */
export function requireRisk(risk: RiskName, accepted: readonly RiskName[], why: string): void {
	if (!accepted.includes(risk)) {
		throw new AppError('RISK_NOT_ACCEPTED', `this takes the risk '${risk}': ${riskNames[risk]}`, {
			why,
			fix: `add --accept-risk ${risk} when that is meant`,
			details: {risk},
		});
	}
}

/** The VF's IOMMU group has no member that the host or another guest uses: GROUP_NOT_VIABLE. */
export function requireViableGroup(vf: Vf, inventory: Inventory): void {
	if (vf.planned) {
		// The group of a VF is the kernel's to tell, once the VF is there.
		return;
	}

	if (vf.iommuGroup === null) {
		throw new AppError('IOMMU_OFF', `${vf.bdf} is in no IOMMU group`, {why: 'the IOMMU does not translate for this device', fix: 'vfctl iommu'});
	}

	const blockers = groupBlockers(vf.bdf, vf.iommuGroup, inventory);
	if (blockers.length > 0) {
		throw new AppError('GROUP_NOT_VIABLE', `IOMMU group ${vf.iommuGroup} of ${vf.bdf} cannot be given to a guest`, {
			why: blockers.map(({reason}) => reason).join('; '),
			fix: `a group is given as a whole: use a VF in a group of its own (vfctl iommu), another slot, or a root port with ACS`,
			details: {group: vf.iommuGroup, members: blockers.map(({bdf}) => bdf)},
		});
	}
}

/** The PF has an interface to set its VFs through: PF_NO_DRIVER. */
export function requireUsablePf(pf: Pf): void {
	if (pf.netdevs.length === 0) {
		throw new AppError('PF_NO_DRIVER', `PF ${pf.bdf} has no network interface on this host`, {
			why: pf.driver === null ? 'no driver is bound to it' : `it is on the driver ${pf.driver}, or its interface is in another namespace`,
			fix: `bind it to its kernel driver: vfctl show ${pf.bdf}`,
		});
	}
}

/** Nobody has the VF: VF_HELD, or MANAGEMENT_INTERFACE and HOST_NETWORK when it is the host. */
export function requireNotHeld(pf: Pf, vf: Vf, inventory: Inventory): void {
	const use = inventory.hostUses.find(({bdf}) => bdf === vf.bdf);
	if (use?.kind === 'management') {
		throw new AppError('MANAGEMENT_INTERFACE', `${vf.bdf} carries the connection you came in on`, {why: use.reason, fix: `choose another VF of ${pfName(pf)}`});
	}

	if (use?.kind === 'network') {
		throw new AppError('HOST_NETWORK', `${vf.bdf} serves the host's own network`, {why: use.reason, fix: `choose another VF of ${pfName(pf)}`});
	}

	const holder = holderOf(vf, inventory);
	if (isHeld(holder)) {
		throw new AppError('VF_HELD', `${vfName(pf, vf)} (${vf.bdf}) is taken`, {why: `it is held by ${holderText(holder)}`, fix: heldFix(holder, pf, vf)});
	}
}

// Settings that change which frames reach the VF; the others leave its traffic running.
const cuttingSettings = ['mac', 'vlan', 'qos', 'vlanProto', 'linkState'] as const;

/** A VF that carries the admin's connection or the host's addresses keeps its link:
 * MANAGEMENT_INTERFACE, HOST_NETWORK. */
export function requireHostKeepsLink(pf: Pf, vf: Vf, {hostUses}: Inventory, changes: readonly SetVfAction[]): void {
	const use = hostUses.find(({bdf}) => bdf === vf.bdf);
	const cutting = cuttingSettings.filter(name => changes.some(({to}) => to[name] !== undefined));
	if (use !== undefined && cutting.length > 0) {
		throw use.kind === 'management'
			? new AppError('MANAGEMENT_INTERFACE', `${vfName(pf, vf)} (${vf.bdf}) carries the connection you came in on`, {why: `${use.reason}, and a change of ${cutting.map(name => settingLabel(name)).join(', ')} could cut it`, fix: 'come in another way, or from the console'})
			: new AppError('HOST_NETWORK', `${vfName(pf, vf)} (${vf.bdf}) serves the host's own network`, {why: `${use.reason}, and a change of ${cutting.map(name => settingLabel(name)).join(', ')} could cut it`, fix: 'take the addresses away first'});
	}
}

/** No VF of the PF is in use, so that the count may change: VFS_IN_USE. */
export function requireNoneHeld(pf: Pf, inventory: Inventory, accepted: readonly RiskName[]): RiskName[] {
	const held = pf.vfs.map(vf => ({vf, holder: holderOf(vf, inventory)})).filter(({holder}) => isHeld(holder));
	if (held.length > 0) {
		throw new AppError('VFS_IN_USE', `the VF count of ${pfName(pf)} cannot change while VFs are in use`, {
			why: held.map(({vf, holder}) => `${vfName(pf, vf)} is held by ${holderText(holder)}`).join('; ')
				+ '; the kernel changes a count only through 0, which takes all VFs away',
			fix: 'detach them first (vfctl list shows who has what)',
			details: {held: held.map(({vf, holder}) => ({vf: vf.bdf, holder: holderText(holder)}))},
		});
	}

	if (inventory.guests === null && pf.vfs.length > 0) {
		requireRisk('unknown-guests', accepted, inventory.libvirtProblem ?? 'libvirt does not answer');
		return ['unknown-guests'];
	}

	return [];
}

function heldFix(holder: Holder, pf: Pf, vf: Vf): string {
	switch (holder.kind) {
		case 'guest': {
			return `vfctl detach ${quote(holder.guest)} ${quote(vfName(pf, vf))}`;
		}

		case 'host': {
			return vf.netdevs[0] === undefined ? 'choose another VF: vfctl list' : `ip link set dev ${quote(vf.netdevs[0])} down, and take its addresses away, if the host can do without it`;
		}

		case 'process': {
			return `stop process ${holder.pid} (${holder.command})`;
		}

		default: {
			return 'choose another VF: vfctl list';
		}
	}
}
