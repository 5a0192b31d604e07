// What a PF lets its administrator set for one VF (struct ifla_vf_info in the kernel,
// `ip link set PF vf N ...`).
import type {Mac} from './mac.ts';

export type VlanProtocol = '802.1q' | '802.1ad';
export type LinkState = 'auto' | 'enable' | 'disable';

/** Settings of one VF. Null: the driver does not tell it (it is not supported there). */
export interface VfSettings {
	mac: Mac | null;
	/** 0 is no port VLAN. */
	vlan: number;
	/** 0-7, the priority in the port VLAN tag. */
	qos: number;
	vlanProto: VlanProtocol;
	spoofchk: boolean | null;
	trust: boolean | null;
	/** Mbit/s; 0 is no guarantee. */
	minTxRateMbps: number | null;
	/** Mbit/s; 0 is no limit. */
	maxTxRateMbps: number | null;
	linkState: LinkState | null;
}

/** Some settings of a VF: those that an action changes. */
export type VfSettingsPart = Partial<VfSettings>;

/** The names of the settings in the order in which they are written: the MAC first, because
 * drivers check spoofing against it. */
export const vfSettingNames = ['mac', 'vlan', 'qos', 'vlanProto', 'trust', 'minTxRateMbps', 'maxTxRateMbps', 'linkState', 'spoofchk'] as const satisfies ReadonlyArray<keyof VfSettings>;

/** A setting as the options call it: `max-tx-rate`. */
export function settingLabel(name: string): string {
	return name.replace(/Mbps$/, '').replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

/** The part of `wanted` that differs from `current`. */
export function vfSettingsDifference(current: VfSettings, wanted: VfSettingsPart): VfSettingsPart {
	const difference: Record<string, unknown> = {};
	for (const name of vfSettingNames) {
		if (wanted[name] !== undefined && wanted[name] !== current[name]) {
			difference[name] = wanted[name];
		}
	}

	return difference as VfSettingsPart;
}

/** The present values of the settings that `part` names. */
export function vfSettingsPick(current: VfSettings, part: VfSettingsPart): VfSettingsPart {
	const picked: Record<string, unknown> = {};
	for (const name of vfSettingNames) {
		if (part[name] !== undefined) {
			picked[name] = current[name];
		}
	}

	return picked as VfSettingsPart;
}
