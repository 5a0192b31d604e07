// Whether a card can have a rule, as far as its driver's source tells (model/steer-driver.ts).
import {AppError} from '../../errors.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {steerDriver, type SteerDriver} from '../../model/steer-driver.ts';
import type {SteerRule} from '../../model/steer-rule.ts';
import type {Steering} from '../../model/steering.ts';
import {parsePrefix} from '../../model/ip.ts';

/** Throws UNSUPPORTED when the card cannot have rules at all. Returns whether ntuple-filters has
 * to be switched on for them. */
export function requireTable(pf: Pf, {netdev, ntuple, entries, problem}: Steering): {switchOn: boolean} {
	if (entries === null) {
		throw new AppError('UNSUPPORTED', `${netdev} has no steering rules`, {why: `driver ${pf.driver ?? 'none'} answers: ${problem ?? 'nothing'}`, fix: 'vfctl steer list shows which cards can'});
	}

	const driver = steerDriver(pf.driver);
	if (ntuple === null || ntuple.on || driver?.needsNtuple === false) {
		return {switchOn: false};
	}

	if (ntuple.fixed && driver !== undefined) {
		throw new AppError('UNSUPPORTED', `${netdev} has no steering rules`, {why: `ntuple-filters is off and fixed: driver ${pf.driver} has none for this card${noteOf(pf.driver)}`, fix: 'vfctl steer list shows which cards can'});
	}

	// A driver that is not known may have rules without the flag: its kernel will tell.
	return {switchOn: !ntuple.fixed};
}

function noteOf(driver: string | null): string {
	return driver === 'igb' ? ' (82575, 82576 and 82580 have none, i350 and later do)' : driver === 'ixgbe' ? ' (82598 has none)' : '';
}

/** Throws UNSUPPORTED for a rule that the driver refuses, or worse, takes and does not keep. */
export function requireCapable(pf: Pf, {netdev, queues}: Steering, rule: SteerRule): void {
	const {target, flow} = rule;
	if (target.kind === 'queue' && queues !== null && target.queue >= queues) {
		throw new AppError('UNSUPPORTED', `${netdev} has no receive queue ${target.queue}`, {why: queues === 1 ? 'it has queue 0 alone' : `it has queues 0 to ${queues - 1}`, fix: `ethtool --show-channels ${quote(netdev)}`});
	}

	const driver = steerDriver(pf.driver);
	const why = driver === undefined ? undefined : reasons(driver, pf, rule).find(reason => reason !== undefined);
	if (why !== undefined) {
		throw new AppError('UNSUPPORTED', `${netdev} cannot have this rule`, {why: `driver ${pf.driver} ${why}`, fix: `vfctl steer list ${quote(pfName(pf))}`, details: {driver: pf.driver, flow}});
	}
}

function reasons(driver: SteerDriver, pf: Pf, rule: SteerRule): Array<string | undefined> {
	const {target, flow} = rule;
	const networks = [rule.sourceIp, rule.destinationIp].flatMap(text => text === undefined ? [] : parsePrefix(text) ?? []).filter(({family, length}) => length < (family === 4 ? 32 : 128));
	return [
		target.kind === 'vf' && !driver.toVf ? `cannot steer to a VF, only to queues of the PF${driver.drop ? ', or drop' : ''}` : undefined,
		target.kind === 'drop' && !driver.drop ? 'cannot drop a flow' : undefined,
		target.kind === 'queue' && driver.queuesMoveWithVfs && pf.numVfs > 0 ? `writes the number of the queue into the card as it is typed, and while there are VFs the first queues are theirs: queue ${target.queue} would be VF ${target.queue}'s` : undefined,
		driver.flows.includes(flow) ? undefined : `knows flows of type ${driver.flows.join(', ')} only`,
		macReason(driver, rule),
		tagReason(driver, rule),
		networks.length > 0 && !driver.networks ? 'compares whole addresses only, no networks' : undefined,
	];
}

function macReason(driver: SteerDriver, {flow, sourceMac, destinationMac}: SteerRule): string | undefined {
	const named = sourceMac !== undefined || destinationMac !== undefined;
	return !named || driver.macs === 'all' || (driver.macs === 'ether' && flow === 'ether') ? undefined : driver.macs === 'none' ? 'does not compare MAC addresses for this card' : 'compares MAC addresses in flows of type ether only';
}

function tagReason({vlan: part}: SteerDriver, {vlan, vlanPriority}: SteerRule): string | undefined {
	if ((vlan === undefined && vlanPriority === undefined) || part === 'any') {
		return undefined;
	}

	switch (part) {
		case 'none': {
			return 'does not compare the VLAN tag';
		}

		case 'id': {
			return vlanPriority === undefined ? undefined : 'compares the VLAN id, not its priority';
		}

		case 'priority': {
			return vlan === undefined ? undefined : 'compares the priority of the VLAN tag (--vlan-priority), not its id';
		}

		case 'tag': {
			return vlan !== undefined && vlanPriority !== undefined ? undefined : 'compares the whole VLAN tag: give both --vlan and --vlan-priority (0 where nobody sets one)';
		}
	}
}
