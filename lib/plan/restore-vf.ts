// What an attach set on the PF, put back.
import type {Pf, Vf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import {vfSettingsDifference, vfSettingsPick, type VfSettings} from '../model/vf-settings.ts';
import type {SetVfAction} from './action.ts';
import {withWholeTag} from './set-vf-action.ts';

/** The settings that the attach found, where the VF still has those that it gave it. */
export function restoreSettings(pf: Pf, vf: Vf, attached: SetVfAction): SetVfAction[] {
	// Only what still is as the attach made it: a later `vfctl vf set` was meant. A VLAN tag counts
	// as one.
	const isSame = (name: keyof VfSettings) => vf.settings !== null && vf.settings[name] === attached.to[name];
	const tag = (['vlan', 'qos', 'vlanProto'] as const).filter(name => attached.to[name] !== undefined);
	const to = Object.fromEntries((Object.entries(attached.from) as Array<[keyof VfSettings, unknown]>).filter(([name]) =>
		(tag as readonly string[]).includes(name) ? tag.every(part => isSame(part)) : isSame(name)));
	const difference = vf.settings === null ? {} : withWholeTag(vf.settings, vfSettingsDifference(vf.settings, to));
	return Object.keys(difference).length === 0 || vf.settings === null
		? []
		: [{kind: 'set-vf', pfNetdev: pfName(pf), pf: pf.bdf, index: vf.index, bdf: vf.bdf, from: vfSettingsPick(vf.settings, difference), to: difference, assumed: false, reload: true}];
}
