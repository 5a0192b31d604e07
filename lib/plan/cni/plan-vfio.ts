// Plans the settings of a VF on vfio-pci for a DPDK program in a container, and their end.
// Nothing goes to the namespace: the program opens the VFIO group (as sriov-cni, DPDKMode).
import type {CniAttachment, NetnsRef} from '../../model/netns.ts';
import type {Mac} from '../../model/mac.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import type {Inventory} from '../../model/inventory.ts';
import {pfName, vfName} from '../../model/select.ts';
import {vfSettingsDifference, vfSettingsPick, type VfSettings, type VfSettingsPart} from '../../model/vf-settings.ts';
import type {Action, SetVfAction} from '../action.ts';
import {inverse} from '../inverse.ts';
import {noteOwnMac} from '../own-mac-action.ts';
import type {Plan} from '../plan.ts';
import {requireNotHeld} from '../preflight.ts';
import {setVf, withWholeTag} from '../set-vf-action.ts';

export interface VfioAttachRequest {
	pf: Pf;
	vf: Vf;
	netns: NetnsRef;
	cni: CniAttachment;
	mac: Mac | null;
	settings: Omit<VfSettingsPart, 'mac'>;
}

/** Throws VF_HELD when a guest or a process has it, and what setVf throws. */
export function planVfioAttach(inventory: Inventory, {pf, vf, netns, cni, mac, settings}: VfioAttachRequest): Plan {
	requireNotHeld(pf, vf, inventory);
	const netdev = pf.netdevs[0];
	const actions: Action[] = netdev !== undefined && inventory.netdevs.get(netdev)?.up !== true ? [{kind: 'set-link', netdev, from: 'down', to: 'up'}] : [];
	return {
		version: 1,
		subject: {command: 'netns-attach', vf: vf.bdf, pf: pf.bdf, netns, cni},
		title: `set ${vfName(pf, vf)} (${vf.bdf}) on ${vf.driver} for container ${cni.containerId}`,
		actions: [
			...actions,
			...mac === null ? [] : noteOwnMac(pf, vf),
			...setVf({pf, vf, wanted: {...settings, ...(mac === null ? {} : {mac})}, assumed: false, reload: false}),
		],
		warnings: [],
		risks: [],
	};
}

/** What an attach set on the PF, put back whatever it is now: the VF was the container's alone, and
 * its program may have changed the MAC (sriov-cni#417). */
export function restoreVfSettings(pf: Pf, vf: Vf, attachActions: readonly Action[]): Action[] {
	return attachActions.toReversed().flatMap(action => {
		if (action.kind === 'set-vf' && action.bdf === vf.bdf) {
			return restoreSettings(pf, vf, action.from);
		}

		return action.kind === 'own-mac' && action.bdf === vf.bdf ? inverse(action) : [];
	});
}

function restoreSettings(pf: Pf, {settings, index, bdf}: Vf, before: VfSettingsPart): SetVfAction[] {
	const change = settings === null ? {} : withWholeTag(settings, vfSettingsDifference(settings as VfSettings, before));
	return settings === null || Object.keys(change).length === 0
		? []
		: [{kind: 'set-vf', pfNetdev: pfName(pf), pf: pf.bdf, index, bdf, from: vfSettingsPick(settings, change), to: change, assumed: false, reload: false}];
}
