// What libvirt does on the host for a macvtap interface of a running guest, and takes back
// (virNetDevMacVLanCreateWithVPortProfile, virDomainInterfaceStartDevice and -StopDevice of libvirt
// 11.3; seen so in the lab).
import type {Bdf} from '../model/bdf.ts';
import {attachDriver, unbind} from './binding.ts';
import {errorNumbers, Refusal} from './guest-hold.ts';
import type {DeviceRequest} from './guest-xml.ts';
import {bdfOfNetdev, netdevsOf, physfnOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {addNetdev, isUp, setLink, vfStateOf} from './netdevs.ts';
import {setVf} from './vf-settings.ts';

/** Something that a running guest has on the host besides VFs. */
export interface Plug {
	/** Monotonic milliseconds. */
	since: number;
	release: () => void;
}

/** Takes what the device needs on the host; throws a Refusal and leaves everything as it was. */
export function plugIn(machine: Machine, device: DeviceRequest): Plug {
	return {since: machine.clock.monotonicMs(), release: device.kind === 'direct' ? plugMacvtap(machine, device) : () => {}};
}

function plugMacvtap(machine: Machine, {network: netdev = '', mode, mac = '', vlan}: DeviceRequest): () => void {
	if (!machine.tree.exists(`/sys/class/net/${netdev}`)) {
		throw new Refusal(errorNumbers.systemError, `Unable to get index for interface ${netdev}: No such device`);
	}

	if (macvtapsOn(machine, netdev).some(({alone}) => alone || mode === 'passthrough')) {
		throw new Refusal(errorNumbers.systemError, `error creating macvtap interface macvtap0@${netdev} (${mac}): Device or resource busy`);
	}

	const alone = mode === 'passthrough';
	const restore = alone ? lendMac(machine, netdev, {mac, vlan: vlan ?? 0}) : () => {};
	if (!isUp(machine, netdev)) {
		setLink(machine, netdev, true);
	}

	const name = freeName(machine);
	const path = addNetdev(machine, {name, device: '/sys/devices/virtual', mac, up: true});
	machine.tree.putValue(`${path}/macvtap/lower`, `${netdev} ${mode ?? 'vepa'}`);
	return () => {
		machine.tree.remove(`/sys/class/net/${name}`);
		machine.tree.remove(path);
		if (alone) {
			setLink(machine, netdev, false);
			restore();
		}
	};
}

/** The guest's MAC on the interface; of a VF the VLAN too. What undoes it. */
function lendMac(machine: Machine, netdev: string, {mac, vlan}: {mac: string; vlan: number}): () => void {
	const bdf = bdfOfNetdev(machine, netdev);
	const pf = bdf === undefined ? undefined : physfnOf(machine, bdf);
	const state = bdf === undefined ? undefined : vfStateOf(machine, bdf);
	const address = `/sys/class/net/${netdev}/address`;
	const own = machine.tree.value(address);
	const origin = machine.tree.value(`/sys/class/net/${netdev}/addr_assign_type`);
	if (bdf === undefined || pf === undefined || state === undefined) {
		machine.tree.putValue(address, mac);
		return () => {
			machine.tree.putValue(address, own);
		};
	}

	const pfNetdev = netdevsOf(machine, pf)[0] ?? '';
	const index = vfsOf(machine, pf).indexOf(bdf);
	const before = {mac: state.mac, vlan: state.vlan};
	// A VF whose MAC an administrator set may not change it itself: libvirt then sets it on the PF
	// and lets the VF's driver start anew.
	const byAdmin = state.macByAdmin;
	const apply = (to: {mac: string; vlan: number; address: string}) => {
		setVf(machine, pf, pfNetdev, index, {vlan: to.vlan, ...byAdmin ? {mac: to.mac} : {}});
		if (byAdmin) {
			reload(machine, bdf);
		} else {
			state.mac = to.mac;
		}

		machine.tree.putValue(address, to.address);
	};

	apply({mac, vlan, address: mac});
	return () => {
		apply({...before, address: own});
		machine.tree.putValue(`/sys/class/net/${netdev}/addr_assign_type`, origin);
	};
}

function reload(machine: Machine, bdf: Bdf): void {
	unbind(machine, bdf);
	attachDriver(machine, bdf);
}

function macvtapsOn(machine: Machine, netdev: string): Array<{alone: boolean}> {
	return machine.tree.list('/sys/class/net').flatMap(name => {
		const [lower, mode] = machine.tree.value(`/sys/class/net/${name}/macvtap/lower`).split(' ');
		return lower === netdev ? [{alone: mode === 'passthrough'}] : [];
	});
}

function freeName(machine: Machine): string {
	let number = 0;
	while (machine.tree.exists(`/sys/class/net/macvtap${number}`)) {
		number++;
	}

	return `macvtap${number}`;
}
