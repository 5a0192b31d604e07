// `bridge link` of a simulated host, for the switches of cards alone: as ixgbe, i40e and ice answer
// (ndo_bridge_getlink, ndo_bridge_setlink) in the words of iproute2 6.15. What a record tells goes first.
import type {CommandResult} from '../host/host.ts';
import {switchModes, type SwitchMode} from '../model/forward.ts';
import {lookAtModes} from './forward.ts';
import {bdfOfNetdev, changing, driverOf, type Machine} from './machine.ts';

const drivers = new Set(['ixgbe', 'i40e', 'ice']);

/** Runs the words after `bridge`; undefined for what is not simulated. */
export function bridge(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const [, shown] = /^-j link show dev (\S+)$/.exec(words.join(' ')) ?? [];
	const [, set, mode] = /^link set dev (\S+) hwmode (\w+)$/.exec(words.join(' ')) ?? [];
	if (shown !== undefined) {
		return show(machine, shown);
	}

	return set === undefined || mode === undefined ? undefined : store(machine, set, mode);
}

function show(machine: Machine, netdev: string): CommandResult | undefined {
	// A capture keeps the entries of cards that are no VEB.
	const recorded = machine.record.commands.some(({argv, stdout}) => argv.join(' ') === `bridge -j link show dev ${netdev}` && stdout.trim() !== '[]');
	const changed = machine.switchModes.get(netdev);
	if (changed === undefined && recorded) {
		return undefined;
	}

	if (!machine.tree.exists(`/sys/class/net/${netdev}`)) {
		return {code: 1, stdout: '', stderr: `Cannot find device "${netdev}"\n`};
	}

	const mode = changed ?? (isSwitch(machine, netdev) ? 'veb' : undefined);
	const link = mode === undefined ? [] : [{ifindex: Number(machine.tree.value(`/sys/class/net/${netdev}/ifindex`)), ifname: netdev, flags: ['BROADCAST', 'MULTICAST'], mtu: 1500, hwmode: mode.toUpperCase()}];
	return {code: 0, stdout: `${JSON.stringify(link)}\n`, stderr: ''};
}

function store(machine: Machine, netdev: string, mode: string): CommandResult {
	if (!switchModes.includes(mode as SwitchMode)) {
		return {code: 255, stdout: '', stderr: `Error: argument "${mode}" is wrong: hwmode\n`};
	}

	if (!isSwitch(machine, netdev)) {
		return {code: 2, stdout: '', stderr: 'RTNETLINK answers: Operation not supported\n'};
	}

	changing(machine, `bridge link set dev ${netdev} hwmode ${mode}`);
	machine.switchModes.set(netdev, mode as SwitchMode);
	lookAtModes(machine);
	return {code: 0, stdout: '', stderr: ''};
}

function isSwitch(machine: Machine, netdev: string): boolean {
	const bdf = bdfOfNetdev(machine, netdev);
	return bdf !== undefined && drivers.has(driverOf(machine, bdf) ?? '') && machine.tree.exists(`/sys/class/net/${netdev}/device/sriov_totalvfs`);
}
