// The VFs of a guest as a host file says them.
import type {Guest, GuestDefinition, GuestDevice} from '../model/domain.ts';
import type {WantedGuest, WantedGuestVf} from '../model/host-file.ts';
import {compareNames} from '../model/host-file-order.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Mac} from '../model/mac.ts';
import type {Pf, Vf} from '../model/pci.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import {guestNetworkKey} from '../plan/host-file/facts.ts';
import {withNetwork, type GuestNetworksRead} from './export-guest-network.ts';
import {fileNameOf, specialSettings} from './export-vf.ts';
import {interfaceNameProblem, libvirtNameProblem} from './host-file-values.ts';

/** The guest with its VFs; or why a host file cannot say what it has. */
export function exportGuest(guest: Guest, inventory: Inventory, {inside, notes}: {inside: GuestNetworksRead; notes: string[]}): WantedGuest | string {
	const definitions = [guest.live, guest.config].filter(definition => definition !== null);
	const told = definitions.map(definition => definition.devices.map(device => deviceOf(device, definition, inventory)).filter(vf => vf !== undefined).toSorted((a, b) => compareNames(nameOf(a), nameOf(b))));
	const withInside = (vf: WantedGuestVf): WantedGuestVf => {
		const mac = macOf(vf, inventory);
		const read = mac === null ? undefined : inside.networks.get(guestNetworkKey(guest.uuid, mac));
		return mac === null || read === undefined ? vf : withNetwork(vf, {guest: guest.name, mac, read, notes});
	};

	const [first = [], second] = told;
	return second !== undefined && JSON.stringify(first) !== JSON.stringify(second)
		? 'it runs with other VFs or settings than its saved definition has'
		: {name: guest.name, vfs: first.map(vf => withInside(vf))};
}

/** By which the guest knows it: without a MAC in its definition the one on the PF. */
function macOf({source, mac}: WantedGuestVf, {pfs}: Inventory): Mac | null {
	return mac ?? ('pool' in source ? null : pfs.find(pf => fileNameOf(pf) === source.pf)?.vfs.find(({index}) => index === source.index)?.settings?.mac ?? null);
}

/** Undefined for devices that are no VF of a network card: they are none of ours. */
function deviceOf({method, source, network, mac, vlan, managed, teaming}: GuestDevice, definition: GuestDefinition, inventory: Inventory): WantedGuestVf | undefined {
	const failover = teaming === null ? undefined : failoverOf(teaming, definition);
	const more = {...(failover === undefined ? {} : {failover})};
	const tag = vlan === null || vlan === 0 ? {} : {vlan};
	if (method === 'network') {
		return network === null || inventory.pools?.some(({name}) => name === network) !== true ? undefined : {source: {pool: network}, ...(mac === null ? {} : {mac}), settings: tag, ...more};
	}

	if (method === 'macvtap') {
		// A host file has no word for it: the guest keeps it whatever the file says.
		return undefined;
	}

	const found = inventory.pfs.flatMap(pf => pf.vfs.map(vf => ({pf, vf}))).find(({vf}) => vf.bdf === source);
	return found && {
		source: {pf: fileNameOf(found.pf), index: found.vf.index}, method, managed, ...more,
		...(method === 'interface' ? {...(mac === null ? {} : {mac}), settings: {...withoutMacAndTag(found), ...tag}} : hostdevSettings(found)),
	};
}

interface Found {
	pf: Pf;
	vf: Vf;
}

/** libvirt sets MAC and VLAN of an <interface> when the guest starts, and nothing more. */
function withoutMacAndTag({vf}: Found): VfSettingsPart {
	const {mac, vlan, qos, vlanProto, ...others} = specialSettings(vf);
	return others;
}

/** libvirt sets nothing of a <hostdev>: all of it is on the PF. */
function hostdevSettings({vf}: Found): Pick<WantedGuestVf, 'mac' | 'settings'> {
	const {mac, ...settings} = specialSettings(vf);
	return {...(mac === undefined || mac === null ? {} : {mac}), settings};
}

/** What the virtio half of a failover pair is on. */
function failoverOf(alias: string, {interfaces}: GuestDefinition): WantedGuestVf['failover'] {
	const half = interfaces.find(nic => nic.alias === alias);
	if (!half || half.source === null) {
		return undefined;
	}

	return half.type === 'bridge' && interfaceNameProblem(half.source) === undefined ? {bridge: half.source}
		: half.type === 'network' && libvirtNameProblem(half.source) === undefined ? {network: half.source} : undefined;
}

function nameOf({source, mac}: WantedGuestVf): string {
	return 'pool' in source ? `pool ${source.pool} ${mac ?? ''}` : `${source.pf}#${source.index}`;
}
