// The module vfctl_fwd on a simulated host: /sys/kernel/vfctl/forward (docs/forward-abi.md), as
// kernel-module/forward makes it. Frames are not simulated.
import type {Bdf} from '../model/bdf.ts';
import {forwardModule, hubModule} from '../model/driver-build.ts';
import {cardReasons, noRelay, relayGroupName, relayReasons} from '../model/forward.ts';
import {errnoError} from './errno.ts';
import {bdfOfNetdev, devicesPath, netdevsOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {hostInode} from './namespaces.ts';

const directory = '/sys/kernel/vfctl/forward';
const counted = ['tx_packets', 'tx_bytes', 'rx_packets', 'rx_bytes', 'passed', ...Object.keys(cardReasons).map(reason => `card_${reason}`)];

/** A port of a PF that forwarding was switched on for. */
export interface SimPort {
	ifindex: number;
	netns: number;
	stats: Record<string, number>;
}

/** The module is in the kernel, and nothing is passed on. */
export function showForward({tree}: Machine): void {
	tree.putValue(`/sys/module/${forwardModule}/initstate`, 'live');
	tree.putValue(`/sys/module/${forwardModule}/taint`, 'OE');
	tree.putLink(`/sys/module/${hubModule}/holders/${forwardModule}`, `/sys/module/${forwardModule}`);
	tree.putValue(`${directory}/abi`, 1);
	tree.put(`${directory}/add`, {kind: 'unreadable'});
	tree.put(`${directory}/remove`, {kind: 'unreadable'});
	tree.put(`${directory}/relay`, {kind: 'unreadable'});
}

/** It leaves the kernel, whatever it does. */
export function hideForward({tree, forwarding}: Machine): void {
	forwarding.clear();
	tree.remove(directory);
	tree.remove(`/sys/module/${forwardModule}`);
	tree.remove(`/sys/module/${hubModule}/holders/${forwardModule}`);
}

/** change() of sysfs.c with fwd_pf_add() or fwd_pf_remove(). */
export function storeForward(machine: Machine, {path, value, verb}: {path: string; value: string; verb: 'add' | 'remove'}): void {
	const {tree} = machine;
	const [, pf] = /^([\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7])\n?$/.exec(value) ?? [];
	if (pf === undefined || !tree.exists(`${devicesPath}/${pf}`)) {
		throw errnoError('ENODEV', path);
	}

	const present = tree.exists(`${directory}/${pf}`);
	if (verb === 'remove') {
		if (!present) {
			throw errnoError('ENOENT', path);
		}

		machine.forwarding.delete(pf as Bdf);
		tree.remove(`${directory}/${pf}`);
		return;
	}

	if (!tree.exists(`${devicesPath}/${pf}/sriov_totalvfs`)) {
		throw errnoError('EINVAL', path);
	}

	if (present) {
		throw errnoError('EEXIST', path);
	}

	machine.forwarding.set(pf as Bdf, new Map());
	putRelay(machine, pf, noRelay);
	tree.putValue(`${directory}/${pf}/mode`, modeOf(machine, pf as Bdf));
	flushForward(machine);
}

/** What a PF's interface was set to. */
function modeOf(machine: Machine, pf: Bdf): string {
	return netdevsOf(machine, pf).map(netdev => machine.switchModes.get(netdev)).find(mode => mode !== undefined) ?? 'veb';
}

/** fwd_mode_look() of mode.c. */
export function lookAtModes(machine: Machine): void {
	for (const pf of machine.forwarding.keys()) {
		machine.tree.putValue(`${directory}/${pf}/mode`, modeOf(machine, pf));
	}
}

/** relay_store() of sysfs.c with fwd_relay_set(): no frame and no bridge is simulated, so that the card gets
 * no address. */
export function storeRelay(machine: Machine, {path, value}: {path: string; value: string}): void {
	const {tree} = machine;
	const [, pf, group] = /^([\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7]) ([\w-]+)\n?$/.exec(value) ?? [];
	if (pf === undefined || group === undefined || (group !== noRelay && !relayGroupName.test(group))) {
		throw errnoError('EINVAL', path);
	}

	if (!tree.exists(`${devicesPath}/${pf}`)) {
		throw errnoError('ENODEV', path);
	}

	if (!tree.exists(`${directory}/${pf}`)) {
		throw errnoError('ENOENT', path);
	}

	putRelay(machine, pf, group);
}

function putRelay(machine: Machine, pf: string, group: string): void {
	const numbers = group === noRelay ? {} : {
		filter_limit: 24, filter_used: 1 + vfsOf(machine, pf as Bdf).length, filters: 0, left_out: 0,
		...Object.fromEntries(['to_vf', 'to_host', 'neighbours', ...Object.keys(relayReasons).map(reason => `not_${reason}`)].map(key => [key, 0])),
	};
	putLines(machine, `${directory}/${pf}/relay`, {group, ...numbers});
	machine.tree.put(`${directory}/${pf}/relay_macs`, {kind: 'text', text: ''});
}

/** Writes the ports as they are now; those of a record stay as they were recorded. */
export function flushForward(machine: Machine): void {
	const {tree, forwarding} = machine;
	for (const [pf, known] of forwarding) {
		const present = portsOf(machine, pf);
		for (const name of known.keys()) {
			if (!present.has(name)) {
				known.delete(name);
				tree.remove(`${directory}/${pf}/${name}`);
			}
		}

		for (const [name, {ifindex, netns, address}] of present) {
			const before = known.get(name);
			const port = before?.ifindex === ifindex && before.netns === netns ? before : {ifindex, netns, stats: Object.fromEntries(counted.map(key => [key, 0]))};
			known.set(name, port);
			putLines(machine, `${directory}/${pf}/${name}/rules`, {ifindex, netns, ...rulesOf(machine, pf, {name, address})});
			putLines(machine, `${directory}/${pf}/${name}/stats`, port.stats);
		}
	}
}

function putLines({tree}: Machine, path: string, values: Readonly<Record<string, string | number>>): void {
	tree.put(path, {kind: 'text', text: Object.entries(values).map(([key, value]) => `${key}=${value}\n`).join('')});
}

/** Interfaces of the PF and its VFs, in the host's namespace and in others. */
function portsOf(machine: Machine, pf: Bdf): Map<string, {ifindex: number; netns: number; address: string}> {
	const names = new Map<Bdf, string>([[pf, 'pf'], ...vfsOf(machine, pf).map((vf, index): [Bdf, string] => [vf, `vf${index}`])]);
	const ports = new Map<string, {ifindex: number; netns: number; address: string}>();
	const take = (inside: Machine, netns: number, netdev: string, name: string) => {
		const value = (attribute: string) => inside.tree.value(`/sys/class/net/${netdev}/${attribute}`);
		ports.set(name, {ifindex: Number(value('ifindex')), netns, address: value('address')});
	};

	for (const [bdf, name] of names) {
		for (const netdev of netdevsOf(machine, bdf)) {
			take(machine, hostInode, netdev, name);
		}
	}

	for (const [inode, inner] of machine.namespaces.known) {
		for (const netdev of inner.tree.list('/sys/class/net')) {
			const name = names.get(bdfOfNetdev(inner, netdev) ?? '' as Bdf);
			if (name !== undefined) {
				take(inner, inode, netdev, name);
			}
		}
	}

	return ports;
}

/** vf_rules() of rules.c, as igb, ixgbe and i40e answer it; a PF has its own address and no limits. */
function rulesOf(machine: Machine, pf: Bdf, {name, address}: {name: string; address: string}): Record<string, string | number> {
	const vf = name === 'pf' ? undefined : machine.vfStates.get(pf)?.[Number(name.slice(2))];
	if (vf === undefined) {
		return {held: name === 'pf' ? 'none' : 'rules', macs: name === 'pf' ? address : '', port_vlan: 0, spoofchk: name === 'pf' ? 0 : 1, trust: 0, link: 'auto'};
	}

	const held = vf.linkState === 'disable' ? 'link' : vf.maxTxRate > 0 || vf.minTxRate > 0 ? 'rate' : vf.vlan > 0 && vf.proto !== '802.1Q' ? 'vlan' : 'none';
	return {held, macs: vf.mac, port_vlan: vf.vlan, spoofchk: vf.spoofchk ? 1 : 0, trust: vf.trust ? 1 : 0, link: vf.linkState};
}
