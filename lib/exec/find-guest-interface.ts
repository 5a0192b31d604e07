// Which interface of a running guest is meant.
import {AppError} from '../errors.ts';
import type {GuestInterface, Libvirt} from '../libvirt/libvirt.ts';
import type {Guest} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import {contains, hostPrefix, networkOf, parseAddress, parsePrefix} from '../model/ip.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {findVf, select} from '../model/select.ts';

export interface InterfaceRequest {
	/** MAC, address or VF as typed; undefined: the one that can reach `via`, or the only VF. */
	named: string | undefined;
	via: string | null;
}

/** MAC of the interface. Throws UNSUPPORTED for a guest that is off, NO_AGENT, NOT_ATTACHED for
 * one that it has not, and USAGE where several could be meant. */
export async function findGuestInterface(libvirt: Libvirt, inventory: Inventory, guest: Guest, {named, via}: InterfaceRequest): Promise<Mac> {
	const interfaces = await listInterfaces(libvirt, guest);
	const macs = new Set(interfaces.flatMap(one => parseMac(one.mac ?? '') ?? []));
	const vfs = vfMacs(inventory, guest).filter(({mac}) => macs.has(mac));
	if (named !== undefined) {
		return findNamed(inventory, guest, {named, interfaces, vfs});
	}

	const gateway = via === null ? undefined : parseAddress(via);
	const reaching = gateway === undefined ? [] : interfaces.filter(({addresses}) => addresses.some(text => {
		const own = parsePrefix(text);
		return own !== undefined && contains(networkOf(own), hostPrefix(gateway));
	}));
	const candidates = [...new Set(reaching.length > 0 ? reaching.flatMap(one => parseMac(one.mac ?? '') ?? []) : vfs.map(({mac}) => mac))];
	const [only, ...others] = candidates;
	if (only === undefined || others.length > 0) {
		throw new AppError('USAGE', `which interface of ${guest.name} is meant?`, {
			why: only === undefined ? 'it has no VF that its agent shows' : `it could be ${candidates.join(' or ')}`,
			fix: `--interface with one of: ${interfaces.map(({name, mac, addresses}) => `${mac} (${[name, ...addresses].join(', ')})`).join('; ')}`,
		});
	}

	return only;
}

/** The guest's interfaces without lo. Throws UNSUPPORTED or NO_AGENT. */
export async function listInterfaces(libvirt: Libvirt, guest: Guest): Promise<GuestInterface[]> {
	if (!guest.active) {
		throw new AppError('UNSUPPORTED', `${guest.name} is ${guest.state}, so it has no routes`, {why: 'routes are set in the running guest through its agent', fix: 'start the guest; or give routes to its VF: vfctl attach --route prints the file for its own configuration'});
	}

	const interfaces = await libvirt.guestInterfaces(guest.uuid);
	if (interfaces === undefined) {
		throw new AppError('NO_AGENT', `no guest agent answers in ${guest.name}`, {why: 'routes in a guest are set through its agent', fix: 'install and start qemu-guest-agent in the guest'});
	}

	return interfaces.filter(({name, mac}) => name !== 'lo' && mac !== undefined);
}

function findNamed(inventory: Inventory, guest: Guest, {named, interfaces, vfs}: {named: string; interfaces: readonly GuestInterface[]; vfs: ReadonlyArray<{bdf: string | null; mac: Mac}>}): Mac {
	const mac = parseMac(named);
	const address = parseAddress(named)?.address;
	const found = interfaces.find(one => (mac !== undefined && parseMac(one.mac ?? '') === mac)
		|| (address !== undefined && one.addresses.some(text => parsePrefix(text)?.address === address))
		|| one.name === named);
	if (found) {
		return parseMac(found.mac!)!;
	}

	const selected = mac === undefined && address === undefined ? select(inventory, named) : undefined;
	const vf = selected && vfs.find(({bdf}) => selected.kind === 'vf' ? bdf === selected.vf.bdf : selected.pf.vfs.some(one => one.bdf === bdf));
	if (!vf) {
		throw new AppError('NOT_ATTACHED', `${guest.name} has no interface '${named}'`, {why: `its agent shows: ${interfaces.map(one => `${one.name} (${one.mac})`).join(', ') || 'none'}`, fix: 'name one of them by its MAC or address'});
	}

	return vf.mac;
}

/** MACs of the VFs that the running guest has. A plain hostdev's is on the PF alone. */
function vfMacs({pfs}: Inventory, {live}: Guest): Array<{bdf: string | null; mac: Mac}> {
	return (live?.devices ?? []).flatMap(({source, mac}) => {
		const known = mac ?? findVf({pfs}, source)?.vf.settings?.mac ?? null;
		return known === null ? [] : [{bdf: source, mac: known}];
	});
}
