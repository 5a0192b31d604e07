// The action that changes settings of a VF, with the state it finds.
import {AppError} from '../errors.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {settingLabel, vfSettingNames, vfSettingsDifference, vfSettingsPick, type VfSettings, type VfSettingsPart} from '../model/vf-settings.ts';
import type {SetVfAction} from './action.ts';

export interface SetVfRequest {
	pf: Pf;
	vf: Vf;
	wanted: VfSettingsPart;
	/** The settings of the VF are not what was seen, but what is expected; so for a planned VF. */
	assumed: boolean;
	reload: boolean;
}

/** The one action that makes the settings what is wanted; none when they are so already. */
export function setVf({pf, vf, wanted, assumed, reload}: SetVfRequest): SetVfAction[] {
	const difference = vf.settings === null ? wanted : vfSettingsDifference(vf.settings, wanted);
	if (Object.keys(difference).length === 0) {
		return [];
	}

	if (vf.settings === null) {
		throw new AppError('PF_NO_DRIVER', `the settings of ${vf.bdf} cannot be read`, {why: `${pfName(pf)} shows no VF settings (ip link show)`, fix: `give the PF its kernel network driver: vfctl show ${quote(pfName(pf))}`});
	}

	requireSupported(pf, vf.settings, difference);
	requireRates(vf.settings, difference);
	const to = withWholeTag(vf.settings, difference);
	return [{kind: 'set-vf', pfNetdev: pfName(pf), pf: pf.bdf, index: vf.index, bdf: vf.bdf, from: vfSettingsPick(vf.settings, to), to, assumed: assumed || vf.planned === true, reload}];
}

/** The kernel takes VLAN id, priority and protocol as one: what is left out would be reset. */
export function withWholeTag({vlan, qos, vlanProto}: VfSettings, change: VfSettingsPart): VfSettingsPart {
	if (change.vlan === undefined && change.qos === undefined && change.vlanProto === undefined) {
		return change;
	}

	// Without a VLAN there is no tag that could have a priority or a protocol.
	const kept = (change.vlan ?? vlan) === 0 ? {qos: 0, vlanProto: '802.1q' as const} : {qos, vlanProto};
	const whole: VfSettingsPart = {vlan, ...(qos === 0 ? {} : {qos: kept.qos}), ...(vlanProto === '802.1q' ? {} : {vlanProto: kept.vlanProto}), ...change};
	return Object.fromEntries(vfSettingNames.filter(name => whole[name] !== undefined).map(name => [name, whole[name]]));
}

/** The minimum is not above the maximum: BAD_RATE. */
function requireRates(current: VfSettings, {minTxRateMbps, maxTxRateMbps}: VfSettingsPart): void {
	const min = minTxRateMbps ?? current.minTxRateMbps ?? 0;
	const max = maxTxRateMbps ?? current.maxTxRateMbps ?? 0;
	if ((minTxRateMbps !== undefined || maxTxRateMbps !== undefined) && max > 0 && min > max) {
		throw new AppError('BAD_RATE', `a minimum of ${min} Mbit/s is above the maximum of ${max} Mbit/s`, {why: 'the VF would be guaranteed more than it may send', fix: 'lower --min-tx-rate or raise --max-tx-rate'});
	}
}

/** A setting that the driver does not even show cannot be set: UNSUPPORTED. */
export function requireSupported(pf: Pf, current: VfSettings, wanted: VfSettingsPart): void {
	const missing = Object.keys(wanted).filter(name => current[name as keyof VfSettings] === null);
	if (missing.length > 0) {
		throw new AppError('UNSUPPORTED', `the driver ${pf.driver ?? '(none)'} of ${pfName(pf)} has no setting ${missing.map(name => settingLabel(name)).join(', ')}`, {why: '`ip -d link show` does not list it for the VFs of this PF', fix: 'leave it out'});
	}
}
