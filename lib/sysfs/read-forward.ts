// What the kernel module vfctl_fwd tells of the ports whose frames it passes on (docs/forward-abi.md).
import {AppError} from '../errors.ts';
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {noRelay, relayGroupName, type ForwardPort, type ForwardStats, type PfForwarding, type PortRules, type Relay} from '../model/forward.ts';
import {readAttribute} from './attributes.ts';
import {recordReader} from './module-record.ts';

/** Directory of the module; it is there while the module is loaded. */
export const forwardDirectory = '/sys/kernel/vfctl/forward';
const knownAbi = '1';
const reload = 'vfctl driver build; then unload the module (rmmod vfctl_fwd) and vfctl forward on PF';
const {required, keysOf, valueOf, whole, counter, oneOf, macOf, listOf} = recordReader({damaged, unreadable});
// A name of a reason, in `held` and after `card_`.
const reasonName = /^[a-z][a-z\d_]{0,31}$/;

/** The PFs that forwarding is on for, whether or not their files can be read; null: the module is
 * not loaded. */
export function forwardingPfs(files: FileReader): Set<Bdf> | null {
	return files.exists(forwardDirectory) ? new Set(files.list(forwardDirectory).flatMap(name => parseBdf(name) ?? [])) : null;
}

/** The PFs in the order of their addresses; null: the module is not loaded. Throws NOT_ROOT, or
 * UNSUPPORTED for what is damaged or of another kind. */
export function readForward(files: FileReader): PfForwarding[] | null {
	const pfs = forwardingPfs(files);
	if (pfs === null) {
		return null;
	}

	const abi = readAttribute(files, `${forwardDirectory}/abi`);
	if (abi === undefined) {
		throw unreadable(files, `${forwardDirectory}/abi`);
	}

	if (abi !== knownAbi) {
		throw new AppError('UNSUPPORTED', 'the loaded forwarding module tells of itself in a way that this vfctl does not know', {
			why: `${forwardDirectory}/abi is '${abi.slice(0, 20)}', known is ${knownAbi}`,
			fix: reload,
		});
	}

	return [...pfs].toSorted().flatMap(pf => orGone(files, `${forwardDirectory}/${pf}`, () => readPf(files, pf)));
}

function readPf(files: FileReader, pf: Bdf): PfForwarding {
	const directory = `${forwardDirectory}/${pf}`;
	const mode = oneOf(`${directory}/mode`, 'mode', required(files, `${directory}/mode`).trimEnd(), ['veb', 'vepa']);
	const ports = files.list(directory).flatMap((name): Array<number | 'pf'> => name === 'pf' ? ['pf'] : /^vf\d{1,5}$/.test(name) ? [Number(name.slice(2))] : [])
		.toSorted((a, b) => (a === 'pf' ? -1 : a) - (b === 'pf' ? -1 : b));
	return {pf, mode, relay: readRelay(files, directory), ports: ports.flatMap(vf => orGone(files, portDirectory(directory, vf), () => readPort(files, portDirectory(directory, vf), vf)))};
}

/** The group of a PF; null: none, or forwarding is off. What is not understood there is none. */
export function relayGroupOf(files: FileReader, pf: Bdf): string | null {
	const group = /^group=(.*)$/m.exec(files.readText(`${forwardDirectory}/${pf}/relay`) ?? '')?.[1];
	return group !== undefined && relayGroupName.test(group) ? group : null;
}

/** Whether the module that is loaded can relay. */
export function canRelay(files: FileReader): boolean {
	return files.exists(`${forwardDirectory}/relay`);
}

function readRelay(files: FileReader, directory: string): Relay | null {
	const path = `${directory}/relay`;
	if (!files.exists(path)) {
		return null;
	}

	const keys = keysOf(path, required(files, path));
	const value = valueOf(path, keys);
	const group = value('group');
	if (group === noRelay) {
		return null;
	}

	if (!relayGroupName.test(group)) {
		throw damaged(path, `the group is '${group.slice(0, 20)}'`);
	}

	const number = (key: string) => keys.has(key) ? whole(path, key, value(key), 0xFF_FF_FF_FF) : 0;
	const count = (key: string) => counter(path, key, value(key));
	const reasons = [...keys.keys()].filter(key => key.startsWith('not_') && reasonName.test(key.slice('not_'.length)));
	return {
		group, filterLimit: number('filter_limit'), filterUsed: number('filter_used'), leftOut: number('left_out'),
		macs: readRelayMacs(files, `${directory}/relay_macs`),
		toVf: count('to_vf'), toHost: count('to_host'), neighbours: count('neighbours'),
		refused: Object.fromEntries(reasons.map(key => [key.slice('not_'.length), count(key)])),
	};
}

function readRelayMacs(files: FileReader, path: string): Relay['macs'] {
	return required(files, path).split('\n').filter(line => line !== '').map(line => {
		const [mac = '', home = '', ...more] = line.split(' ');
		const bdf = parseBdf(home);
		if (bdf === undefined || more.length > 0) {
			throw damaged(path, `'${line.slice(0, 40)}' is no address and PF`);
		}

		return {mac: macOf(path, 'mac', mac), home: bdf};
	});
}

function portDirectory(directory: string, vf: number | 'pf'): string {
	return `${directory}/${vf === 'pf' ? 'pf' : `vf${vf}`}`;
}

/** Interfaces go while we look: their files then cannot be read, and that is no damage. */
function orGone<T>(files: FileReader, directory: string, read: () => T): T[] {
	try {
		return [read()];
	} catch (error) {
		if (!files.exists(directory)) {
			return [];
		}

		throw error;
	}
}

function readPort(files: FileReader, directory: string, vf: number | 'pf'): ForwardPort {
	const path = `${directory}/rules`;
	const keys = keysOf(path, required(files, path));
	const value = valueOf(path, keys);
	const held = value('held');
	if (!reasonName.test(held)) {
		throw damaged(path, `held is '${held.slice(0, 20)}'`);
	}

	return {
		vf,
		ifindex: whole(path, 'ifindex', value('ifindex'), 0x7F_FF_FF_FF),
		netnsInode: whole(path, 'netns', value('netns'), 0xFF_FF_FF_FF),
		held: held === 'none' ? null : held,
		// The module has none of these keys where it could not learn what they say.
		rules: held === 'rules' && !keys.has('macs') ? null : rulesOf(path, value),
		stats: readStats(files, `${directory}/stats`),
	};
}

function rulesOf(path: string, value: (key: string) => string): PortRules {
	const flag = (key: string) => oneOf(path, key, value(key), ['0', '1']) === '1';
	return {
		macs: listOf(value('macs')).map(text => macOf(path, 'macs', text)),
		portVlan: whole(path, 'port_vlan', value('port_vlan'), 4095),
		spoofchk: flag('spoofchk'), trust: flag('trust'),
		link: oneOf(path, 'link', value('link'), ['auto', 'enable', 'disable']),
	};
}

function readStats(files: FileReader, path: string): ForwardStats {
	const keys = keysOf(path, required(files, path));
	const value = valueOf(path, keys);
	const count = (key: string) => counter(path, key, value(key));
	const reasons = [...keys.keys()].filter(key => key.startsWith('card_'));
	const odd = reasons.find(key => !reasonName.test(key.slice('card_'.length)));
	if (odd !== undefined) {
		throw damaged(path, `'${odd.slice(0, 40)}' is no reason`);
	}

	return {
		txPackets: count('tx_packets'), txBytes: count('tx_bytes'), rxPackets: count('rx_packets'), rxBytes: count('rx_bytes'), passed: count('passed'),
		card: Object.fromEntries(reasons.map(key => [key.slice('card_'.length), count(key)])),
	};
}

function damaged(path: string, why: string): AppError {
	return new AppError('UNSUPPORTED', 'what the loaded forwarding module tells cannot be understood', {why: `${path}: ${why}`, fix: reload, details: {path}});
}

function unreadable(files: FileReader, path: string): AppError {
	return files.exists(path)
		? new AppError('NOT_ROOT', 'reading what the forwarding module tells needs root', {why: `${path} cannot be read: only root may`, fix: 'sudo vfctl forward table'})
		: damaged(path, 'it is not there');
}
