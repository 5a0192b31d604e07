// Guests as they will be when devices are attached and detached.
import type {GuestDefinition, GuestDevice, GuestNic} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {AttachDeviceAction, DetachDeviceAction} from '../action.ts';
import {heldBinding, projectSettings} from './project-devices.ts';

type DeviceAction = AttachDeviceAction | DetachDeviceAction;

/** The guest with or without the device, and the VF on the driver that goes with it. */
export function projectDevice(inventory: Inventory, action: DeviceAction): Inventory {
	const guests = inventory.guests?.map(guest => {
		const definition = guest.uuid === action.guest.uuid ? guest[action.target] : null;
		return definition === null ? guest : {...guest, [action.target]: action.kind === 'attach-device' ? withDevice(definition, action) : withoutDevice(definition, action)};
	}) ?? null;
	return withBinding({...inventory, guests}, action);
}

function withBinding(inventory: Inventory, action: DeviceAction): Inventory {
	const {source, managed, method, mac} = action;
	if (action.target !== 'live' || source === null) {
		return inventory;
	}

	if (action.kind === 'detach-device') {
		const group = inventory.functions.get(source)?.iommuGroup;
		// The guest's process lets go of it.
		const free = {...inventory, vfioUsers: inventory.vfioUsers.filter(user => user.group !== group)};
		return managed && action.hostDriver !== null ? heldBinding(free, source, action.hostDriver) : free;
	}

	const bound = managed ? heldBinding(inventory, source, 'vfio-pci') : inventory;
	// libvirt sets MAC and VLAN of an <interface> on the PF when the guest gets it.
	return method === 'interface' ? projectSettings(bound, source, {...mac === null ? {} : {mac}, vlan: vlanOf(action) ?? 0}) : bound;
}

function withDevice(definition: GuestDefinition, action: AttachDeviceAction): GuestDefinition {
	const {source, network, mac, method, managed, deviceXml} = action;
	const partner = attributeIn(deviceXml, 'teaming', 'persistent');
	const alias = attributeIn(deviceXml, 'alias', 'name');
	const vf = {source, network, mac, vlan: vlanOf(action), managed, alias, guestAddress: null, teaming: partner};
	const device: GuestDevice[] = method === 'macvtap' && source !== null
		? [{...vf, method, macvtap: {netdev: attributeIn(deviceXml, 'source', 'dev') ?? '', mode: attributeIn(deviceXml, 'source', 'mode') ?? 'vepa'}}]
		: method === 'hostdev' || method === 'interface' || method === 'network' ? [{...vf, method}] : [];
	const isVirtio = method !== 'interface' && method !== 'network';
	const nic: GuestNic = {
		mac, type: attributeIn(deviceXml, 'interface', 'type') ?? 'network', source: attributeIn(deviceXml, 'source', 'dev') ?? network,
		mode: attributeIn(deviceXml, 'source', 'mode'), vlan: vlanOf(action), model: isVirtio ? 'virtio' : null, alias, guestAddress: null,
		teaming: method === 'virtio' ? {type: 'persistent', persistent: null} : partner === null ? null : {type: 'transient', persistent: partner},
	};
	const free = definition.ports.findIndex(({occupied}) => !occupied);
	return {
		...definition,
		devices: [...definition.devices, ...device],
		...method === 'hostdev' || mac === null ? {} : {macs: [...definition.macs, mac], interfaces: [...definition.interfaces, nic]},
		ports: definition.ports.map((port, index) => index === free ? {...port, occupied: true} : port),
	};
}

function withoutDevice(definition: GuestDefinition, action: DetachDeviceAction): GuestDefinition {
	if (action.method === 'virtio' || (action.source === null && action.method !== 'network')) {
		return withoutNic(definition, action);
	}

	const isIt = (device: GuestDevice) => action.source === null || device.source === null ? device.mac !== null && device.mac === action.mac : device.source === action.source;
	const device = definition.devices.find(candidate => isIt(candidate));
	if (device === undefined) {
		return definition;
	}

	// Which port it sits in is not known here, but that one comes free.
	const taken = definition.ports.findLastIndex(({occupied}) => occupied);
	const mac = definition.macs.indexOf(device.mac ?? action.mac!);
	return {
		...definition,
		devices: definition.devices.filter(candidate => candidate !== device),
		interfaces: definition.interfaces.filter(nic => device.method === 'hostdev' || nic.mac !== device.mac || nic.teaming?.type === 'persistent'),
		macs: definition.macs.filter((_, index) => index !== mac || device.method === 'hostdev'),
		ports: definition.ports.map((port, index) => index === taken ? {...port, occupied: false} : port),
	};
}

/** A virtio interface goes; the VF of a failover pair, which has its MAC, stays. */
function withoutNic(definition: GuestDefinition, {mac, method}: DetachDeviceAction): GuestDefinition {
	const nic = definition.interfaces.find(candidate => candidate.mac === mac && (method !== 'virtio' || candidate.teaming?.type === 'persistent'));
	const taken = definition.ports.findLastIndex(({occupied}) => occupied);
	const index = definition.macs.findIndex(candidate => candidate === mac);
	return nic === undefined ? definition : {
		...definition,
		interfaces: definition.interfaces.filter(candidate => candidate !== nic),
		macs: definition.macs.filter((_, position) => position !== index),
		ports: definition.ports.map((port, position) => position === taken ? {...port, occupied: false} : port),
	};
}

/** An attribute of the XML that our own templates made. */
function attributeIn(xml: string, element: string, name: string): string | null {
	return new RegExp(`<${element}\\b[^>]*\\b${name}='([^']*)'`).exec(xml)?.[1] ?? null;
}

/** The VLAN that the XML of the plan has: the action does not tell it apart. */
function vlanOf({deviceXml}: DeviceAction): number | null {
	const digits = /<tag id=['"](\d{1,4})['"]/.exec(deviceXml)?.[1];
	return digits === undefined ? null : Number(digits);
}

