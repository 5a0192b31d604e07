// How a host file calls a PF, and which settings of a VF are worth a line.
import {zeroMac} from '../model/mac.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import type {VfSettings, VfSettingsPart} from '../model/vf-settings.ts';
import {pfNameOf} from './host-file-values.ts';

/** The name of a PF in a host file: its interface when that can stand there. */
export function fileNameOf(pf: Pf): string {
	return pfNameOf(pfName(pf)) ?? pf.bdf;
}

/** Settings that a VF has not had since it was made (igb, ixgbe, i40e and ice alike). */
export function specialSettings({settings, ownMac}: Pick<Vf, 'settings' | 'ownMac'>): VfSettingsPart {
	if (settings === null) {
		return {};
	}

	const usual: VfSettings = {mac: zeroMac, vlan: 0, qos: 0, vlanProto: '802.1q', spoofchk: true, trust: false, minTxRateMbps: 0, maxTxRateMbps: 0, linkState: 'auto'};
	const {vlan, qos, vlanProto, ...others} = settings;
	const special = Object.entries(others).filter(([name, value]) => value !== null && value !== usual[name as keyof VfSettings] && !(name === 'mac' && value === ownMac));
	// Priority and protocol are those of a VLAN tag.
	const tag = vlan === 0 ? {} : {vlan, ...(qos === 0 ? {} : {qos}), ...(vlanProto === '802.1q' ? {} : {vlanProto})};
	return {...Object.fromEntries(special), ...tag};
}
