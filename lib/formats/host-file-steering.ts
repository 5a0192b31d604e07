// `steering` of a PF in a host file: the options of `vfctl steer add` as keys.
import {AppError} from '../errors.ts';
import type {HostFile, WantedSteerRule} from '../model/host-file.ts';
import {sameMatch, type SteerMatch, type SteerTarget} from '../model/steer-rule.ts';
import {highestLocation, requestedFields, requestedMatch, type SteerMatchRequest} from '../plan/steer/request.ts';
import type {Note} from './host-file-check.ts';
import {shortened} from './problems.ts';
import type {Cursor, Fields} from './reader.ts';

const textKeys = ['flow', 'fromIp', 'toIp', 'fromMac', 'toMac', 'etherType'] as const;
const numberKeys = {fromPort: [65_535, 'a port'], toPort: [65_535, 'a port'], vlan: [4094, 'a VLAN id'], vlanPriority: [7, 'a VLAN priority']} as const;

/** What ethtool calls them. */
const foreignSteerNames: Readonly<Record<string, string>> = {'flow-type': 'flow', 'src-ip': 'fromIp', 'dst-ip': 'toIp', 'src-port': 'fromPort', 'dst-port': 'toPort', src: 'fromMac', dst: 'toMac', 'dst-mac': 'toMac', proto: 'etherType', loc: 'location', target: 'action'};

/** The rules of a PF; undefined when nothing is said. */
export function readSteering(cursor: Cursor | undefined): WantedSteerRule[] | undefined {
	return cursor?.items('a list of rules such as [{flow: tcp4, toPort: 80, action: vf:2}]').map(item => readRule(item)).filter(rule => rule !== undefined);
}

function readRule(item: Cursor): WantedSteerRule | undefined {
	const fields = item.fields([...textKeys, ...Object.keys(numberKeys), 'action', 'queue', 'location'], foreignSteerNames);
	const match = fields && readMatch(fields);
	const target = readTarget(fields);
	const location = fields?.get('location')?.whole(0, highestLocation, 'the location of the rule in the table of the card');
	return match && target && {...match, target, ...(location === undefined ? {} : {location})};
}

function readMatch(fields: Fields): SteerMatch | undefined {
	const request: SteerMatchRequest = {};
	for (const key of textKeys) {
		request[key] = fields.get(key)?.text(`what ${key} of vfctl steer add is`);
	}

	for (const [key, [most, what]] of Object.entries(numberKeys)) {
		request[key as keyof typeof numberKeys] = fields.get(key)?.whole(0, most, what)?.toString();
	}

	// Each alone first, so that the mistake is told where it stands.
	const fits = textKeys.filter(key => key !== 'flow').map(key => {
		const place = fields.get(key);
		return place === undefined || orRefused(place, () => requestedFields({[key]: request[key]})) !== undefined;
	}).every(Boolean);
	return fits ? orRefused(fields.cursor, () => requestedMatch(request)) : undefined;
}

/** What `make` gives; its error becomes a problem at the cursor, in the words of the file. */
function orRefused<Value>(cursor: Cursor, make: () => Value): Value | undefined {
	try {
		return make();
	} catch (error) {
		if (!(error instanceof AppError)) {
			throw error;
		}

		return cursor.refuse(inKeys(error.message), inKeys(error.why ?? 'it must be as vfctl steer add takes it'), error.fix && inKeys(error.fix));
	}
}

/** `--to-ip 192.0.2.7` as `toIp: 192.0.2.7`. */
function inKeys(text: string): string {
	return text.replaceAll(/--([a-z]+(?:-[a-z]+)?)( (?=[a-z\d]+[\d.:/]))?/g, (_, option: string, value: string | undefined) => `${option.replaceAll(/-([a-z])/g, (__, letter: string) => letter.toUpperCase())}${value === undefined ? '' : ': '}`);
}

function readTarget(fields: Fields | undefined): SteerTarget | undefined {
	const action = fields?.need('action', 'it says what happens to the flow: vf:N, queue:N or drop');
	const text = action?.text('what happens to the flow: vf:N, queue:N or drop');
	const queue = fields?.get('queue')?.whole(0, 65_535, 'a queue of the VF');
	if (text === undefined) {
		return undefined;
	}

	const [, kind, digits] = /^(queue|vf):(0|[1-9]\d{0,4})$/.exec(text) ?? [];
	if (kind !== 'vf' && queue !== undefined) {
		return fields!.get('queue')!.refuse('a queue goes with a VF', 'it is a queue of that VF', 'action: queue:N is a queue of the PF');
	}

	return text === 'drop' ? {kind: 'drop'}
		: kind === 'queue' && Number(digits) <= 65_535 ? {kind, queue: Number(digits)}
		: kind === 'vf' && Number(digits) <= 65_535 ? {kind, vf: Number(digits), queue: queue ?? 0}
		: action!.refuse(`'${shortened(text)}' is no action`, 'it must be vf:N with the index of a VF of this PF, queue:N with a queue of the PF, or drop');
}

/** As the host file says it. */
export function steeringEntry({flow, sourceMac, destinationMac, etherType, vlan, vlanPriority, sourceIp, destinationIp, sourcePort, destinationPort, target, location}: WantedSteerRule): object {
	const entry = {
		flow, fromMac: sourceMac, toMac: destinationMac, etherType: etherType === undefined ? undefined : `0x${etherType.toString(16).padStart(4, '0')}`,
		vlan, vlanPriority, fromIp: sourceIp, toIp: destinationIp, fromPort: sourcePort, toPort: destinationPort,
		action: target.kind === 'drop' ? 'drop' : target.kind === 'queue' ? `queue:${target.queue}` : `vf:${target.vf}`,
		queue: target.kind === 'vf' && target.queue !== 0 && target.queue !== null ? target.queue : undefined,
		location,
	};
	return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

/** Rules for the same packets or the same place, and VFs that will not be. */
export function checkSteering({pfs}: HostFile, note: Note): void {
	for (const {pf, numVfs, steering = []} of pfs) {
		for (const [index, rule] of steering.entries()) {
			const before = steering.slice(0, index);
			const {target, location} = rule;
			if (before.some(other => sameMatch(other, rule))) {
				note(['pfs', pf, 'steering', index], 'two rules for the same packets', 'only one of them can have them', 'leave one out');
			} else if (location !== undefined && before.some(other => other.location === location)) {
				note(['pfs', pf, 'steering', index, 'location'], `two rules at location ${location}`, 'each rule has its own', 'leave the location out: a free one is taken');
			}

			if (target.kind === 'vf' && numVfs !== undefined && target.vf >= numVfs) {
				note(['pfs', pf, 'steering', index, 'action'], `${pf} has no VF ${target.vf}`, numVfs === 0 ? 'pfs says that it has none (numVfs: 0)' : `pfs says numVfs: ${numVfs}, which are VFs 0 to ${numVfs - 1}`, `raise numVfs to ${target.vf + 1}, or name another VF`);
			}
		}
	}
}
