// What udev does with a new interface, in its own time: one with a random MAC gets a lasting one
// (MACAddressPolicy=persistent of systemd's 99-default.link, systemd.link(5)).
import type {Bdf} from '../model/bdf.ts';
import type {Mac} from '../model/mac.ts';
import {netdevsOf, type Machine} from './machine.ts';
import {setAddress} from './netdev-address.ts';

// NET_ADDR_RANDOM of include/uapi/linux/netdevice.h.
const NET_ADDR_RANDOM = 1;

/** An interface of the function appeared. udev finds it only while it is on the host. */
export function noticeNetdev(machine: Machine, bdf: Bdf): void {
	const {udevMs} = machine.options;
	if (udevMs === undefined) {
		return;
	}

	machine.udevDoneMs = machine.clock.monotonicMs() + udevMs;
	machine.clock.after(udevMs, () => {
		for (const name of netdevsOf(machine, bdf)) {
			if (Number(machine.tree.value(`/sys/class/net/${name}/addr_assign_type`)) === NET_ADDR_RANDOM) {
				setAddress(machine, name, lastingMac(bdf));
			}
		}
	});
}

/** `udevadm settle`. */
export function settle(machine: Machine): void {
	machine.clock.pass(Math.max(0, machine.udevDoneMs - machine.clock.monotonicMs()));
}

// udev hashes the machine's id and the interface's name; here the address decides.
function lastingMac(bdf: Bdf): Mac {
	const [bus = '', device = '', fn = ''] = bdf.split(/[:.]/).slice(1);
	return `0a:16:17:${bus}:${device}:0${fn}` as Mac;
}
