// Steering rules of simulated cards: what the drivers take, with their errno (Linux 6.1; the
// functions are named in model/steer-driver.ts).
import type {Bdf} from '../model/bdf.ts';
import {parseFeature, parseRings, parseRules} from '../sysfs/parse-steering.ts';
import {ntupleFeature} from '../sysfs/read-steering.ts';
import type {Errno} from './errno.ts';
import {bdfOfNetdev, driverOf, idOf, vfsOf, type Machine} from './machine.ts';
import {fieldLines, flowTitles, maskOf, type Spec} from './steering-spec.ts';

/** A rule: ethtool's lines are all that is kept of it. */
export interface SimRule {
	location: number;
	lines: readonly string[];
}

export interface SimSteering {
	ntuple: {on: boolean; fixed: boolean};
	queues: number;
	rules: SimRule[];
}

interface SimDriver {
	/** How it starts. */
	start(deviceId: string): SimSteering['ntuple'];
	locations: number;
	/** Errno for a rule that it refuses. */
	refuse(context: Context): Errno | undefined;
	/** Switching ntuple-filters off deletes the rules. */
	deletes: boolean;
	/** A link that is set down, and another VF count, delete the rules. */
	forgets: boolean;
	/** Shows VLAN and user-defined data of every rule. */
	extends: boolean;
}

interface Context {
	spec: Spec;
	state: SimSteering;
	others: readonly SimRule[];
	vfs: number;
	deviceId: string;
}

const drop = 0xFF_FF_FF_FF_FF_FF_FF_FFn;

const drivers: Readonly<Record<string, SimDriver>> = {
	igb: {
		// 82576 and older have none (igb_probe).
		start: deviceId => ({on: false, fixed: ['10c9', '10e6', '10a7'].includes(deviceId)}),
		locations: 16, deletes: true, forgets: false, extends: false,
		refuse({spec, state, others, deviceId}) {
			const [etype, tag, ...macs] = ['Ethertype', 'VLAN', 'Src MAC addr', 'Dest MAC addr'].map(name => spec.fields.get(name));
			const whole = (field: typeof etype) => field !== undefined && field.mask === 0n;
			if (state.ntuple.fixed) {
				return 'EOPNOTSUPP';
			}

			if (spec.cookie >= BigInt(state.queues) || spec.location >= 16 || spec.flow !== 'ether' || (tag !== undefined && tag.mask !== 0x1F_FFn)) {
				return 'EINVAL';
			}

			const lines = fieldLines(spec, {extended: false});
			if (others.some(rule => lines.every(line => rule.lines.includes(line)))) {
				return 'EEXIST';
			}

			const typed = others.filter(rule => rule.lines.some(line => /^Ethertype: .* mask: 0x0$/.test(line)));
			return whole(etype) && typed.length >= 3 ? 'EINVAL'
				: macs.some(field => whole(field)) && deviceId !== '1533' ? 'EOPNOTSUPP'
				: whole(etype) || tag !== undefined ? undefined : 'EINVAL';
		},
	},
	ixgbe: {
		start: () => ({on: false, fixed: false}),
		locations: 2046, deletes: false, forgets: true, extends: true,
		refuse({spec, state, others, vfs}) {
			if (!state.ntuple.on) {
				return 'EOPNOTSUPP';
			}

			const {ring, vf} = ringOf(spec.cookie);
			const perPool = vfs + 1 > 32 ? 2 : 4;
			const lost = spec.cookie !== drop && (vf === 0 ? ring >= state.queues : vf > vfs || ring >= perPool);
			const mask = maskOf(fieldLines(spec, {extended: true}), !spec.flow.startsWith('ip'));
			return lost || spec.location >= 2046 || !['ip4', 'tcp4', 'udp4', 'sctp4'].includes(spec.flow) || spec.fields.has('Dest MAC addr')
				|| others.some(rule => maskOf(rule.lines, !rule.lines.some(line => line.includes('Raw IP'))) !== mask) ? 'EINVAL' : undefined;
		},
	},
	i40e: {
		start: () => ({on: true, fixed: false}),
		locations: 8192, deletes: true, forgets: false, extends: false,
		refuse({spec, state, others, vfs}) {
			if (!state.ntuple.on) {
				return 'EOPNOTSUPP';
			}

			const {ring, vf} = ringOf(spec.cookie);
			if (spec.flow === 'ether' || [...spec.fields].some(([name, {mask, all}]) => name !== 'VLAN' && mask !== 0n && mask !== all)) {
				return 'EOPNOTSUPP';
			}

			const same = others.filter(rule => rule.lines.some(line => line.endsWith(`: ${flowTitles[spec.flow]}`)));
			const lines = fieldLines(spec, {extended: false});
			if (same.some(rule => maskOf(rule.lines, true) !== maskOf(lines, true))) {
				return 'EOPNOTSUPP';
			}

			// i40e gives a VF four queue pairs (I40E_DEFAULT_QUEUES_PER_VF).
			const lost = spec.cookie !== drop && (vf === 0 ? ring >= state.queues : vf > vfs || ring >= 4);
			return lost || spec.fields.has('Dest MAC addr') || same.some(rule => lines.every(line => rule.lines.includes(line))) ? 'EINVAL' : undefined;
		},
	},
	ice: {
		start: () => ({on: true, fixed: false}),
		locations: 16_384, deletes: true, forgets: false, extends: false,
		refuse({spec, state, others}) {
			if (!state.ntuple.on) {
				return 'EOPNOTSUPP';
			}

			const {ring, vf} = ringOf(spec.cookie);
			const same = others.filter(rule => rule.lines.some(line => line.endsWith(`: ${flowTitles[spec.flow]}`)));
			const lines = fieldLines(spec, {extended: false});
			return spec.cookie !== drop && (vf > 0 || ring >= state.queues) ? 'EINVAL'
				: [...spec.fields.values()].some(({mask, all}) => mask !== 0n && mask !== all) ? 'EOPNOTSUPP'
				: same.some(rule => maskOf(rule.lines, true) !== maskOf(lines, true)) ? 'EINVAL' : undefined;
		},
	},
};

function ringOf(cookie: bigint): {ring: number; vf: number} {
	return {ring: Number(cookie & 0xFF_FF_FF_FFn), vf: Number((cookie >> 32n) & 0xFFn)};
}

/** What a card of the synthetic hosts has at first, or undefined for drivers without rules. */
export function newSteering(machine: Machine, pf: Bdf): SimSteering | undefined {
	const driver = drivers[driverOf(machine, pf) ?? ''];
	return driver && {ntuple: driver.start(deviceOf(machine, pf)), queues: queuesOf(machine, pf), rules: []};
}

function deviceOf(machine: Machine, pf: Bdf): string {
	return idOf(machine, pf).split(':')[1] ?? '';
}

// igb has one queue on an i350 with VFs (igb_get_max_rss_queues), ixgbe four (ixgbe_set_sriov_queues).
function queuesOf(machine: Machine, pf: Bdf): number {
	return vfsOf(machine, pf).length === 0 ? 8 : driverOf(machine, pf) === 'igb' ? 1 : 4;
}

/** The steering of an interface, from what the record says at first; undefined when it says nothing. */
export function steeringOf(machine: Machine, netdev: string): SimSteering | undefined {
	const known = machine.steering.get(netdev);
	const answer = (option: string) => machine.record.commands.find(({argv}) => argv.join(' ') === `ethtool ${option} ${netdev}`);
	const [features, rules] = [answer('-k'), answer('-n')];
	const ntuple = features && parseFeature(features.stdout, ntupleFeature);
	const queues = rules && parseRings(rules.stdout);
	if (known !== undefined || !rules || !ntuple || rules.code !== 0 || typeof queues !== 'number') {
		return known;
	}

	const made: SimSteering = {ntuple: {...ntuple}, queues, rules: parseRules(rules.stdout).map(({location, lines}) => ({location, lines}))};
	machine.steering.set(netdev, made);
	return made;
}

/** Puts a rule at its location, or says why not. */
export function insertRule(machine: Machine, netdev: string, spec: Spec): Errno | undefined {
	const [state, pf] = [steeringOf(machine, netdev), bdfOfNetdev(machine, netdev)];
	const driver = pf === undefined ? undefined : drivers[driverOf(machine, pf) ?? ''];
	if (state === undefined || pf === undefined || driver === undefined) {
		return 'EOPNOTSUPP';
	}

	const others = state.rules.filter(({location}) => location !== spec.location);
	const errno = driver.refuse({spec, state, others: driverOf(machine, pf) === 'igb' ? state.rules : others, vfs: vfsOf(machine, pf).length, deviceId: deviceOf(machine, pf)});
	if (errno === undefined) {
		const lines = [...fieldLines(spec, {extended: driver.extends || spec.extended}), `Action: ${actionText(spec.cookie)}`];
		state.rules = [...others, {location: spec.location, lines}].toSorted((a, b) => a.location - b.location);
	}

	return errno;
}

function actionText(cookie: bigint): string {
	const {ring, vf} = ringOf(cookie);
	return cookie === drop ? 'Drop' : vf === 0 ? `Direct to queue ${ring}` : `Direct to VF ${vf - 1} queue ${ring}`;
}

/** Takes the rule at a location away, or says EINVAL as igb and ixgbe do where there is none. */
export function deleteRule(machine: Machine, netdev: string, location: number): Errno | undefined {
	const state = steeringOf(machine, netdev);
	if (state === undefined) {
		return 'EOPNOTSUPP';
	}

	if (!state.rules.some(rule => rule.location === location)) {
		return 'EINVAL';
	}

	state.rules = state.rules.filter(rule => rule.location !== location);
	return undefined;
}

/** Switches ntuple-filters; false when it is fixed. */
export function switchNtuple(machine: Machine, netdev: string, on: boolean): boolean {
	const [state, pf] = [steeringOf(machine, netdev), bdfOfNetdev(machine, netdev)];
	if (state === undefined || pf === undefined || (state.ntuple.fixed && state.ntuple.on !== on)) {
		return false;
	}

	state.ntuple.on = on;
	if (!on && drivers[driverOf(machine, pf) ?? '']?.deletes) {
		state.rules = [];
	}

	return true;
}

/** ixgbe_fdir_filter_exit, when the interface is closed. */
export function forgetRules(machine: Machine, netdev: string): void {
	const [state, pf] = [steeringOf(machine, netdev), bdfOfNetdev(machine, netdev)];
	if (state !== undefined && pf !== undefined && drivers[driverOf(machine, pf) ?? '']?.forgets) {
		state.rules = [];
	}
}

/** How many locations the table has; 0 is unknown. */
export function locationsOf(machine: Machine, netdev: string): number {
	const pf = bdfOfNetdev(machine, netdev);
	return pf === undefined ? 0 : drivers[driverOf(machine, pf) ?? '']?.locations ?? 0;
}
