// Rules that stand in the way of a new one, and the location for it.
import {AppError} from '../../errors.ts';
import {parsePrefix} from '../../model/ip.ts';
import {quote} from '../../model/shell-word.ts';
import {steerDriver} from '../../model/steer-driver.ts';
import {matchedFields, sameMatch, sameRule, type SteerRule} from '../../model/steer-rule.ts';
import {entryAt, type SteerEntry} from '../../model/steering.ts';

export interface Table {
	readonly netdev: string;
	readonly driver: string | null;
	readonly entries: readonly SteerEntry[];
}

/** What has to happen for the rule to be there: a location and what stands there now; null when it
 * is there already. Throws RULE_CONFLICT and UNSUPPORTED. */
export function placeFor(table: Table, rule: SteerRule, location: number | undefined): {location: number; from: SteerRule | null} | null {
	const {netdev, entries} = table;
	const same = entries.filter((entry): entry is SteerEntry & {rule: SteerRule} => entry.rule !== null && sameMatch(entry.rule, rule));
	if (same.some(entry => sameRule(entry.rule, rule) && (location === undefined || entry.location === location))) {
		return null;
	}

	const elsewhere = same.find(entry => entry.location !== location);
	if (elsewhere !== undefined) {
		throw new AppError('RULE_CONFLICT', `${netdev} has a rule for these packets already`, {
			why: `rule ${elsewhere.location}: ${elsewhere.lines.join('; ')}`,
			fix: location === undefined ? `add --location ${elsewhere.location} to change it` : `take it away first: vfctl steer delete ${quote(netdev)} ${elsewhere.location}`,
			details: {location: elsewhere.location},
		});
	}

	const most = steerDriver(table.driver)?.locations ?? null;
	const chosen = location ?? freeLocation(entries, most);
	if (chosen === undefined || (most !== null && chosen >= most)) {
		throw new AppError('UNSUPPORTED', chosen === undefined ? `the table of ${netdev} is full` : `${netdev} has no location ${chosen}`, {why: `driver ${table.driver} has locations 0 to ${(most ?? 1) - 1}`, fix: chosen === undefined ? `vfctl steer delete ${quote(netdev)} LOCATION` : 'leave --location out: a free one is taken'});
	}

	const there = entryAt({entries}, chosen);
	if (there !== undefined && (there.rule === null || !sameMatch(there.rule, rule))) {
		throw new AppError('RULE_CONFLICT', `location ${chosen} of ${netdev} is taken`, {why: `rule ${chosen}: ${there.lines.join('; ')}`, fix: `leave --location out, or take that one away: vfctl steer delete ${quote(netdev)} ${chosen}`, details: {location: chosen}});
	}

	requireSameFields(table, rule, chosen);
	return {location: chosen, from: there?.rule ?? null};
}

/** The lowest free one. */
function freeLocation(entries: readonly SteerEntry[], most: number | null): number | undefined {
	const taken = new Set(entries.map(({location}) => location));
	for (let location = 0; location < (most ?? Number.MAX_SAFE_INTEGER); location++) {
		if (!taken.has(location)) {
			return location;
		}
	}

	return undefined;
}

/** Cards with one mask for all rules of a port, or of a flow type. */
function requireSameFields({netdev, driver, entries}: Table, rule: SteerRule, location: number): void {
	const scope = steerDriver(driver)?.sameFields ?? 'none';
	const wanted = maskOf(rule);
	const other = scope === 'none' ? undefined : entries.find(entry => entry.location !== location && entry.rule !== null && (scope === 'port' || entry.rule.flow === rule.flow) && maskOf(entry.rule) !== wanted);
	if (other?.rule) {
		throw new AppError('RULE_CONFLICT', `this rule looks at other fields than those that ${netdev} has`, {
			why: `driver ${driver} has one mask for all rules of ${scope === 'port' ? 'a port' : `type ${rule.flow}`}: rule ${other.location} compares ${maskOf(other.rule)}, this one ${wanted}`,
			fix: `name the same fields, or take the others away first: vfctl steer delete ${quote(netdev)} ${other.location}`,
			details: {location: other.location},
		});
	}
}

/** The fields that are compared, with the lengths of networks. That of ixgbe tells IP from what is
 * above it, not TCP from UDP (ixgbe_add_ethtool_fdir_entry, IXGBE_ATR_L4TYPE_MASK). */
function maskOf(rule: SteerRule): string {
	const fields = matchedFields(rule).map(field => {
		const value = rule[field];
		return field === 'sourceIp' || field === 'destinationIp' ? `${fieldWords[field]}/${parsePrefix(String(value))?.length ?? ''}` : fieldWords[field];
	});
	return [...['ether', 'ip4', 'ip6'].includes(rule.flow) ? [] : ['protocol'], ...fields].join(', ') || 'nothing';
}

const fieldWords = {
	sourceMac: 'from MAC', destinationMac: 'to MAC', etherType: 'EtherType', vlan: 'VLAN', vlanPriority: 'VLAN priority',
	sourceIp: 'from address', destinationIp: 'to address', sourcePort: 'from port', destinationPort: 'to port',
} as const;
