// What the agents of simulated guests tell of interfaces.
import type {GuestInterface} from '../libvirt/libvirt.ts';
import {guestSystemOf} from './guest-agent.ts';
import {allDevicesOf, isStandby} from './guest-xml.ts';
import type {Machine} from './machine.ts';
import {vfStateOf} from './netdevs.ts';
import {guestVfMacs, machineHolds, type Guest} from './sim-guest.ts';

/** Interfaces as the guest agent tells them; undefined without an agent. */
export function guestInterfaces(machine: Machine, guests: readonly Guest[], guest: Guest): GuestInterface[] | undefined {
	if (!guest.active || guest.guestInterfaces === undefined) {
		return undefined;
	}

	const {guestsWithoutDriver = [], guestDelayMs = 0} = machine.options;
	const shown = [...guest.holds.values()].filter(hold => !guestsWithoutDriver.includes(guest.name) && machine.clock.monotonicMs() - hold.since >= guestDelayMs && Number.isFinite(hold.since));
	const own = new Set(guest.guestInterfaces.map(({mac}) => mac));
	const plugged = [...guest.plugs].filter(([mac, {since}]) => !own.has(mac) && !guestsWithoutDriver.includes(guest.name) && machine.clock.monotonicMs() - since >= guestDelayMs).map(([mac]) => mac);
	const gone = (mac: string | undefined) => mac !== undefined && [...machineHolds(guests)].every(hold => hold.mac !== mac) && guestVfMacs(machine.record.libvirt?.domains ?? []).has(mac);
	const {links} = guestSystemOf(guest);
	return [
		...guest.guestInterfaces.filter(({mac}) => !gone(mac)),
		// Above the virtio half of a failover pair net_failover has an interface of its own.
		...allDevicesOf(guest.liveXml ?? '').filter(({device}) => isStandby(device)).flatMap(({device}, index) => [`fo${index}`, `fo${index}nsby`].map(name => ({name, mac: device.mac, addresses: []}))),
		...plugged.map((mac, index) => ({name: `enp${6 + shown.length + index}s0`, mac, addresses: []})),
		...shown.map(({bdf, mac}, index) => ({name: `enp${6 + index}s0`, mac: vfStateOf(machine, bdf)?.mac ?? mac, addresses: []})),
	].map(one => ({...one, addresses: links.get(one.mac ?? '')?.addresses ?? one.addresses}));
}
