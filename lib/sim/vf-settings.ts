// `ip link set PF vf N ...` as the PF drivers answer it (their ndo_set_vf_* functions).
import type {Bdf} from '../model/bdf.ts';
import type {Errno} from './errno.ts';
import {driverOf, idOf, log} from './machine.ts';
import type {Machine, VfState} from './machine.ts';
import {hasCarrier, isUp} from './netdevs.ts';
import {nicDrivers} from './nic-drivers.ts';
import type {VfSupport} from './nic-drivers.ts';

/** What one command changes of a VF; rates in Mbit/s. */
export type VfChange = Partial<Omit<VfState, 'macByAdmin'>>;

/** What the PF's driver can set for its VFs; undefined when it has no VF functions. */
export function vfSupport(machine: Machine, pf: Bdf): VfSupport | undefined {
	return nicDrivers[driverOf(machine, pf) ?? '']?.vfs?.(idOf(machine, pf).split(':')[1] ?? '');
}

/** Changes one VF. The kernel goes through the attributes in the order of do_setvfinfo
 * (net/core/rtnetlink.c): mac, vlan, rate, spoofchk, link state, trust; it stops at the first
 * that fails, and what came before stays. Returns the errno, or undefined for success. Announces
 * nothing: libvirt sets VFs too, and it lives on when vfctl is killed. */
export function setVf(machine: Machine, pf: Bdf, pfNetdev: string, index: number, change: VfChange): Errno | undefined {
	const can = vfSupport(machine, pf);
	const states = machine.vfStates.get(pf) ?? [];
	const state = states[index];
	if (!can) {
		return 'EOPNOTSUPP';
	}

	const driver = driverOf(machine, pf) as string;
	for (const step of steps) {
		const errno = step({machine, pf, pfNetdev, driver, can, change, index, state});
		if (errno) {
			return errno;
		}
	}

	return undefined;
}

interface Step {
	machine: Machine;
	pf: Bdf;
	pfNetdev: string;
	driver: string;
	can: VfSupport;
	change: VfChange;
	index: number;
	/** Undefined: the index is out of range, which every driver answers with EINVAL. */
	state: VfState | undefined;
}

const steps: ReadonlyArray<(step: Step) => Errno | undefined> = [setMac, setVlan, setRate, setFlag('spoofchk'), setLinkState, setFlag('trust')];

// Zero takes the admin's MAC back and allows the VF its own again (igb_ndo_set_vf_mac,
// ixgbe_ndo_set_vf_mac); multicast is EINVAL.
function setMac({machine, pf, pfNetdev, driver, change, index, state}: Step): Errno | undefined {
	if (change.mac === undefined) {
		return undefined;
	}

	if (!state || (Number.parseInt(change.mac.slice(0, 2), 16) & 1) === 1) {
		return 'EINVAL';
	}

	const zero = change.mac === '00:00:00:00:00:00';
	state.mac = change.mac;
	state.macByAdmin = !zero;
	log(machine, zero ? `${driver} ${pf}: remove administratively set MAC on VF ${index}` : `${driver} ${pf}: setting MAC ${change.mac} on VF ${index}`);
	if (!zero) {
		log(machine, `${driver} ${pf}: Reload the VF driver to make this change effective.`);
		if (!isUp(machine, pfNetdev)) {
			log(machine, `${driver} ${pf}: The VF MAC address has been set, but the PF device is not up.`);
		}
	}

	return undefined;
}

// vlan and qos of one IFLA_VF_VLAN: leaving qos out sets it to 0, as iproute2 does.
function setVlan({machine, pf, driver, can, change, index, state}: Step): Errno | undefined {
	if (change.vlan === undefined) {
		return undefined;
	}

	const qos = change.qos ?? 0;
	if (!state || change.vlan > 4095 || qos > 7) {
		return 'EINVAL';
	}

	if (change.proto === '802.1ad' && !can.serviceVlan) {
		return 'EPROTONOSUPPORT';
	}

	Object.assign(state, {vlan: change.vlan, qos, proto: change.proto ?? '802.1Q'});
	log(machine, `${driver} ${pf}: Setting VLAN ${change.vlan}, QOS 0x${qos.toString(16)} on VF ${index}`);
	return undefined;
}

// igb_ndo_set_vf_bw and ixgbe_ndo_set_vf_bw want a link and a rate below its speed, and refuse
// a minimum with EINVAL; igb knows rates on the 82576 only.
function setRate({machine, pfNetdev, driver, can, change, state}: Step): Errno | undefined {
	if (change.maxTxRate === undefined && change.minTxRate === undefined) {
		return undefined;
	}

	if (can.maxTxRate === 'none') {
		return 'EOPNOTSUPP';
	}

	const minimum = change.minTxRate ?? state?.minTxRate ?? 0;
	const maximum = change.maxTxRate ?? state?.maxTxRate ?? 0;
	const speed = Number(machine.tree.value(`/sys/class/net/${pfNetdev}/speed`));
	const needsLink = driver === 'igb' || driver === 'ixgbe';
	if (!state || (needsLink && !hasCarrier(machine, pfNetdev)) || (minimum > 0 && can.minTxRate === 'refused')) {
		return 'EINVAL';
	}

	if ((speed > 0 && maximum > speed) || (driver === 'ixgbe' && maximum > 0 && maximum <= 10)) {
		return 'EINVAL';
	}

	state.maxTxRate = maximum;
	state.minTxRate = minimum;
	return undefined;
}

/** Settings that are on or off and that every driver takes. */
function setFlag(name: 'spoofchk' | 'trust'): (step: Step) => Errno | undefined {
	return ({change, state}) => {
		const wanted = change[name];
		if (wanted !== undefined && state) {
			state[name] = wanted;
		}

		return wanted === undefined || state ? undefined : 'EINVAL';
	};
}

function setLinkState({can, change, state}: Step): Errno | undefined {
	if (change.linkState === undefined) {
		return undefined;
	}

	if (can.linkState === 'none') {
		return 'EOPNOTSUPP';
	}

	if (!state) {
		return 'EINVAL';
	}

	if (change.linkState !== 'enable' || can.linkState === 'all') {
		state.linkState = change.linkState;
	}

	return undefined;
}
