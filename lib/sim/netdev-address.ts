// `ip link set IF address MAC`: a VF's driver asks the PF, which refuses to change a MAC that an
// administrator set (igbvf_set_mac and igb_set_vf_mac_addr; ixgbevf and iavf alike).
import type {CommandResult} from '../host/host.ts';
import type {Mac} from '../model/mac.ts';
import {strerror} from './errno.ts';
import {bdfOfNetdev, changing} from './machine.ts';
import type {Machine} from './machine.ts';
import {vfStateOf} from './netdevs.ts';

// NET_ADDR_SET of include/uapi/linux/netdevice.h.
const NET_ADDR_SET = 3;

/** Gives an interface a MAC, as its user may. */
export function setAddress(machine: Machine, netdev: string, mac: Mac): CommandResult {
	const bdf = bdfOfNetdev(machine, netdev);
	const state = bdf === undefined ? undefined : vfStateOf(machine, bdf);
	const path = machine.tree.find(`/sys/class/net/${netdev}`)?.path;
	const isRefused = state?.macByAdmin && state.mac !== mac && !state.trust;
	if (path === undefined || isRefused || (bdf !== undefined && machine.deaf.has(bdf))) {
		return {code: 2, stdout: '', stderr: `RTNETLINK answers: ${strerror.EADDRNOTAVAIL}\n`};
	}

	changing(machine, `ip link set ${netdev} address ${mac}`);
	if (state) {
		state.mac = mac;
	}

	machine.tree.putValue(`${path}/address`, mac);
	machine.tree.putValue(`${path}/addr_assign_type`, NET_ADDR_SET);
	return {code: 0, stdout: '', stderr: ''};
}
