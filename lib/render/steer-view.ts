// Steering rules of cards, and what each card can have.
import type {Pf} from '../model/pci.ts';
import {steerDriver} from '../model/steer-driver.ts';
import type {SteerRule} from '../model/steer-rule.ts';
import type {Steering} from '../model/steering.ts';
import {onOff} from './names.ts';
import {table} from './table.ts';
import {steerMatchText, steerRuleText, targetText} from './tuning-text.ts';

export interface SteerView {
	pf: string;
	netdev: string;
	driver: string | null;
	/** The card can have rules as it is, or once ntuple-filters is on; `why` it cannot. */
	supported: boolean;
	why: string | null;
	ntuple: {on: boolean; fixed: boolean} | null;
	/** Receive queues of the PF. */
	queues: number | null;
	/** What its driver does, or null for one that vfctl does not know. */
	can: {vf: boolean; drop: boolean; flows: readonly string[]; locations: number | null} | null;
	rules: Array<{location: number; rule: SteerRule | null; text: string}>;
}

/** Everything about the steering of one PF. */
export function steerView(pf: Pf, {netdev, ntuple, queues, entries, problem}: Steering): SteerView {
	const driver = steerDriver(pf.driver);
	const fixedOff = ntuple !== null && !ntuple.on && ntuple.fixed && driver?.needsNtuple !== false;
	const why = entries === null ? problem ?? 'the driver has no table of rules' : fixedOff ? 'ntuple-filters is off and fixed: the driver has no rules for this card' : null;
	return {
		pf: pf.bdf, netdev, driver: pf.driver, ntuple, queues, why,
		supported: why === null,
		can: driver === undefined ? null : {vf: driver.toVf, drop: driver.drop, flows: driver.flows, locations: driver.locations},
		rules: (entries ?? []).map(({location, rule, lines}) => ({location, rule, text: rule === null ? lines.join('; ') : steerRuleText(rule)})),
	};
}

/** A line about each card, and a table of its rules. */
export function steerListText(views: readonly SteerView[]): string {
	return views.length === 0 ? 'no PF has an interface' : views.map(view => [headLine(view), ...view.rules.length === 0 ? [] : [rulesTable(view)]].join('\n')).join('\n');
}

/** `ens1f0 (0000:01:00.0, ixgbe): VFs, queues 0-7, drop; flows ip4 tcp4; ntuple-filters on; 1 rule`. */
function headLine(view: SteerView): string {
	return `${view.netdev} (${view.pf}, ${view.driver ?? 'no driver'}): ${view.why === null ? '' : 'steering: '}${steerSummary(view)}`;
}

/** What the card can, in one line. */
export function steerSummary({why, ntuple, queues, can, rules}: SteerView): string {
	if (why !== null) {
		return `none: ${why}`;
	}

	const queueText = queues === null ? 'queues' : queues === 1 ? 'queue 0' : `queues 0-${queues - 1}`;
	const targets = can === null ? ['driver not known to vfctl', queueText] : [...can.vf ? ['VFs'] : [], queueText, ...can.drop ? ['drop'] : []];
	return [
		targets.join(', '),
		...can === null ? [] : [`flows ${can.flows.join(' ')}`],
		...ntuple === null ? [] : [`ntuple-filters ${onOff(ntuple.on)}${ntuple.fixed ? ' (fixed)' : ''}`],
		rules.length === 1 ? '1 rule' : `${rules.length} rules`,
	].join('; ');
}

function rulesTable({rules}: SteerView): string {
	return table(['LOCATION', 'FLOW', 'GOES TO'], rules.map(({location, rule, text}) => [String(location), rule === null ? text : steerMatchText(rule), rule === null ? '' : targetText(rule.target)]));
}
