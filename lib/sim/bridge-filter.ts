// `bridge fdb` of a simulated host, for the filters of cards alone, in the words of iproute2 6.15. What a record tells
// stands until it is changed.
import type {CommandResult} from '../host/host.ts';
import {changing, type Machine} from './machine.ts';

/** Runs the words after `bridge`; undefined for what is not simulated, and for a list that the record has. */
export function bridgeFilter(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const [, shown] = /^-j fdb show dev (\S+)$/.exec(words.join(' ')) ?? [];
	const [, verb, mac, netdev] = /^fdb (add|del) (\S+) dev (\S+) self$/.exec(words.join(' ')) ?? [];
	if (shown !== undefined) {
		const list = machine.filters.get(shown);
		return list === undefined && recordedOf(machine, shown) !== undefined ? undefined : printed(shown, list ?? []);
	}

	return verb === undefined ? undefined : store(machine, {verb, mac: mac!, netdev: netdev!});
}

function store(machine: Machine, {verb, mac, netdev}: {verb: string; mac: string; netdev: string}): CommandResult {
	if (!machine.tree.exists(`/sys/class/net/${netdev}`)) {
		return {code: 255, stdout: '', stderr: `Cannot find device "${netdev}"\n`};
	}

	const list = machine.filters.get(netdev) ?? recordedOf(machine, netdev) ?? [];
	// dev_uc_add_excl and dev_uc_del (net/core/dev_addr_lists.c); bridge/fdb.c fdb_modify ends with -1.
	if (list.includes(mac) === (verb === 'add')) {
		return {code: 255, stdout: '', stderr: `RTNETLINK answers: ${verb === 'add' ? 'File exists' : 'No such file or directory'}\n`};
	}

	changing(machine, `bridge fdb ${verb} ${mac} dev ${netdev} self`);
	machine.filters.set(netdev, verb === 'add' ? [...list, mac] : list.filter(one => one !== mac));
	return {code: 0, stdout: '', stderr: ''};
}

function recordedOf({record}: Machine, netdev: string): string[] | undefined {
	const recorded = record.commands.find(({argv, code}) => code === 0 && argv.join(' ') === `bridge -j fdb show dev ${netdev}`);
	return recorded && (JSON.parse(recorded.stdout || '[]') as Array<{mac: string; flags: string[]}>).filter(({flags}) => flags.includes('self')).map(({mac}) => mac);
}

function printed(netdev: string, macs: readonly string[]): CommandResult {
	return {code: 0, stdout: `${JSON.stringify(macs.map(mac => ({mac, ifname: netdev, flags: ['self'], state: 'permanent'})))}\n`, stderr: ''};
}
