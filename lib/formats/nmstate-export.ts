// A host file as nmstate's description of a host.
import {stringify} from 'yaml';
import {parseBdf} from '../model/bdf.ts';
import type {HostFile, WantedPf, WantedVfs} from '../model/host-file.ts';
import {vfRangeText} from '../model/vf-range.ts';
import {vfSettingNames, type VfSettingsPart} from '../model/vf-settings.ts';
import {hasTuning} from './host-file-tuning.ts';
import {nmstateSettingNames} from './nmstate.ts';
import type {PeerFile} from './peer-format.ts';

/** The text for `nmstatectl apply`, and what it cannot say. */
export function exportNmstate(file: HostFile): PeerFile {
	const notes = [
		...file.pools.map(({name}) => `pools.${name}: nmstate does not know libvirt's networks`),
		...file.guests.map(({name}) => `guests.${name}: nmstate does not know guests`),
		...[...new Set(file.leases.map(({network}) => network))].map(network => `dhcp.${network}: nmstate does not know libvirt's leases`),
		...file.pfs.filter(pf => hasTuning(pf)).map(({pf}) => `interrupts and rps of ${pf}: nmstate does not have them`),
		...file.pfs.filter(({steering}) => steering !== undefined).map(({pf}) => `steering of ${pf}: nmstate does not have them`),
		...file.hugepages.length === 0 ? [] : ['hugepages: nmstate does not have them'],
		...file.vfs.flatMap(({select, settings, driver, ...tuning}) => [
			...(hasTuning(tuning) ? [`interrupts and rps of ${vfRangeText(select)}: nmstate does not have them`] : []),
			...(driver === undefined ? [] : [`driver of ${vfRangeText(select)}: nmstate does not bind drivers`]),
			...(settings.linkState === undefined ? [] : [`linkState of ${vfRangeText(select)}: nmstate does not have it`]),
		]),
	].map(note => `not exported: ${note}`);
	const named = new Map<string, WantedPf>(file.pfs.map(pf => [pf.pf, pf]));
	for (const {select: {pf}} of file.vfs.filter(({settings}) => Object.keys(settings).some(name => name !== 'linkState'))) {
		named.set(pf, named.get(pf) ?? {pf});
	}

	const state = {
		...(named.size === 0 ? {} : {interfaces: [...named.values()].map(pf => interfaceOf(pf, file.vfs.filter(({select}) => select.pf === pf.pf)))}),
		...(file.routes.length === 0 ? {} : {routes: {config: file.routes.map(({to, via, metric, dev, state: wanted}) => ({
			...(wanted === 'absent' ? {state: wanted} : {}), destination: to, 'next-hop-interface': dev,
			...(via === null ? {} : {'next-hop-address': via}), ...(metric === null ? {} : {metric}),
		}))}}),
	};
	return {text: stringify(state, {lineWidth: 0, compat: 'yaml-1.1', singleQuote: true}), notes};
}

function interfaceOf({pf, numVfs, mtuBytes, autoprobe, link}: WantedPf, vfs: readonly WantedVfs[]): object {
	const settings = new Map<number, VfSettingsPart>();
	for (const entry of vfs) {
		for (const index of entry.select.indexes) {
			settings.set(index, {...settings.get(index), ...entry.settings});
		}
	}

	const list = [...settings].map(([id, part]) => ({id, ...vfOf(part)})).filter(entry => Object.keys(entry).length > 1).toSorted((a, b) => a.id - b.id);
	return {
		name: pf, type: 'ethernet',
		...(parseBdf(pf) === undefined ? {} : {identifier: 'pci-address', 'pci-address': pf}),
		...(link === undefined ? {} : {state: link}),
		...(mtuBytes === undefined ? {} : {mtu: mtuBytes}),
		ethernet: {'sr-iov': {
			...(autoprobe === undefined ? {} : {'drivers-autoprobe': autoprobe}),
			...(numVfs === undefined ? {} : {'total-vfs': numVfs}),
			...(list.length === 0 ? {} : {vfs: list}),
		}},
	};
}

function vfOf(settings: VfSettingsPart): object {
	const names: Readonly<Record<string, string>> = {...nmstateSettingNames, mac: 'mac-address'};
	return Object.fromEntries(vfSettingNames.filter(name => settings[name] !== undefined && name !== 'linkState').map(name => [names[name.replace(/Mbps$/, '')]!, settings[name]]));
}
