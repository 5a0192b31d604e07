// `vfctl show` as text: one fact a line, its name first.
import type {NetdevView} from './list-view.ts';
import {pfHolder} from './list-text.ts';
import {cell, linkText, onOff} from './names.ts';
import type {GroupView, ShowView} from './show-view.ts';
import {steerSummary} from './steer-view.ts';

type Line = readonly [string, string];

/** The whole page. */
export function showText(view: ShowView): string {
	const lines = view.vf === null ? pfLines(view) : vfLines(view);
	const width = Math.max(...lines.map(([name]) => name.length));
	return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function pfLines(view: ShowView): Line[] {
	const {pf} = view;
	return [
		['PF', pf.name],
		['address', pf.bdf],
		...deviceLines(view),
		['driver', cell(pf.driver)],
		['driver override', cell(pf.driverOverride)],
		...pf.netdevs.map(netdev => netdevLine(netdev)),
		['port speed', speedText(view.portSpeedMbps)],
		['PCIe link', linkText(view.pcieLink)],
		['below', cell(pf.bridges.join(' '))],
		['NUMA node', cell(pf.numaNode)],
		...groupLines(view.group),
		['VFs', `${pf.numVfs} of ${pf.totalVfs} possible`],
		...view.steering === null ? [] : [['steering', steerSummary(view.steering)] satisfies Line],
		['new VFs', pf.autoprobe ? 'get their driver' : 'get no driver (sriov_drivers_autoprobe is 0)'],
		['holder', pfHolder(pf)],
		...pf.vfs.map((vf): Line => [`VF ${vf.index}`, `${vf.bdf}  ${cell(vf.driver)}  ${vf.holder.text}`]),
	];
}

function vfLines(view: ShowView): Line[] {
	const {pf} = view;
	const vf = view.vf!;
	return [
		['VF', vf.name],
		['address', vf.bdf],
		['PF', `${pf.name} (${pf.bdf}, driver ${cell(pf.driver)})`],
		['index', String(vf.index)],
		...deviceLines(view),
		['holder', vf.holder.text],
		['driver', cell(vf.driver)],
		['driver override', cell(vf.driverOverride)],
		...vf.netdevs.map(netdev => netdevLine(netdev)),
		...settingLines(view),
		['port speed', speedText(view.portSpeedMbps)],
		['PCIe link', linkText(view.pcieLink)],
		['below', cell(pf.bridges.join(' '))],
		['NUMA node', cell(vf.numaNode)],
		...groupLines(view.group),
	];
}

function settingLines({pf, vf}: ShowView): Line[] {
	const settings = vf?.settings;
	if (!settings) {
		return [['settings', `unknown: ${pf.name} has no interface on this host to ask`]];
	}

	return [
		['MAC', settings.mac === null ? '-' : `${settings.mac}${/^[0:]+$/.test(settings.mac) ? ' (none set)' : ''}`],
		['VLAN', settings.vlan === 0 ? 'none' : `${settings.vlan}, priority ${settings.qos}, ${settings.vlanProto}`],
		['spoof check', onOff(settings.spoofchk)],
		['trust', onOff(settings.trust)],
		['min rate', rateText(settings.minTxRateMbps, 'no guarantee')],
		['max rate', rateText(settings.maxTxRateMbps, 'no limit')],
		['link state', cell(settings.linkState)],
	];
}

function deviceLines({device}: ShowView): Line[] {
	const named = [device.vendor, device.device].filter(name => name !== null).join(' ');
	return [
		['device', `${named === '' ? '' : `${named} `}[${device.vendorId}:${device.deviceId}]${device.revision === null ? '' : ` (rev ${device.revision})`}`],
		...(device.subsystemVendorId === null ? [] : [['subsystem', `${device.subsystem === null ? '' : `${device.subsystem} `}[${device.subsystemVendorId}:${cell(device.subsystemDeviceId)}]`] as const]),
	];
}

function groupLines(group: GroupView | null): Line[] {
	if (group === null) {
		return [['IOMMU group', 'none: the IOMMU does not translate for this device']];
	}

	return [
		['IOMMU group', `${group.number}, ${group.viable ? 'viable' : 'not viable'}`],
		...(group.members.length > 1 ? group.members.map((member): Line => ['group member', `${member.bdf}  ${cell(member.driver)}`]) : []),
		...group.reasons.map((reason): Line => ['group blocked', reason]),
	];
}

function netdevLine({name, mac, up, link, mtuBytes, master, addresses}: NetdevView): Line {
	return ['interface', [name, cell(mac), up ? link : 'off', `MTU ${mtuBytes}`, ...(master === null ? [] : [`part of ${master}`]), ...addresses].join('  ')];
}

function rateText(mbps: number | null, zero: string): string {
	return mbps === null ? '-' : mbps === 0 ? zero : `${mbps} Mbit/s`;
}

function speedText(mbps: number | null): string {
	return mbps === null ? '-' : `${mbps} Mbit/s`;
}
