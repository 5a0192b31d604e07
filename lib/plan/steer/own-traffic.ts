// Packets that the host itself lives on, and rules that would take them away from it.
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import {contains, hostPrefix, parseAddress, parsePrefix, type Prefix} from '../../model/ip.ts';
import {isMulticast, type Mac} from '../../model/mac.ts';
import type {Netdev} from '../../model/netdev.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import type {SteerRule} from '../../model/steer-rule.ts';

/** An address of the host that stands on the PF, directly or through a bond, bridge or VLAN. */
interface OwnAddress {
	netdev: string;
	/** Without its length. */
	address: string;
	macs: readonly Mac[];
	/** Null is not known: the interface is a VLAN, of an id that is not told. */
	tagged: boolean;
}

/** Throws MANAGEMENT_INTERFACE for a rule that takes the admin's own connection, RULE_CONFLICT for
 * one that takes all that is sent to an address of the host. Returns warnings about addresses that
 * lose a part. A queue of the PF is the host's: rules to one harm nobody. */
export function requireOwnTraffic(inventory: Inventory, pf: Pf, rule: SteerRule): string[] {
	if (rule.target.kind === 'queue') {
		return [];
	}

	const goes = rule.target.kind === 'drop' ? 'be dropped' : `go to VF ${rule.target.vf}`;
	const {callerFlow} = inventory;
	const warnings: string[] = [];
	for (const own of addressesOn(inventory, pf)) {
		const isCallers = callerFlow?.to === own.address;
		if (isCallers && mayTake(rule, own, {from: callerFlow.from, fromPort: callerFlow.fromPort, toPort: callerFlow.toPort, protocol: 'tcp'})) {
			throw new AppError('MANAGEMENT_INTERFACE', 'this would cut the connection you came in on', {
				why: `${own.netdev} has ${own.address}, and packets to it from ${callerFlow.from} would ${goes}`,
				fix: 'name what the flow is more closely, or come in another way',
			});
		}

		if (!mayTake(rule, own, {})) {
			continue;
		}

		if (rule.sourceIp === undefined && rule.sourcePort === undefined && rule.destinationPort === undefined && rule.sourceMac === undefined && !rule.flow.startsWith('sctp')) {
			throw new AppError('RULE_CONFLICT', `this would take the address ${own.address} away from the host`, {
				why: `${own.netdev} on ${pfName(pf)} has it, and all packets to it would ${goes}`,
				fix: 'name what the flow is more closely',
			});
		}

		warnings.push(`packets of this flow that are sent to the host's own address ${own.address} (${own.netdev}) will ${goes} too`);
	}

	return warnings;
}

interface Packet {
	from?: string;
	fromPort?: number | null;
	toPort?: number | null;
	protocol?: 'tcp';
}

/** Some packet to the address, of those described, fits the rule. What is not known fits. */
function mayTake(rule: SteerRule, {address, macs, tagged}: OwnAddress, {from, fromPort = null, toPort = null, protocol}: Packet): boolean {
	const family = address.includes(':') ? 6 : 4;
	const known = (wanted: number | undefined, seen: number | null) => wanted === undefined || seen === null || wanted === seen;
	return fitsFlow(rule, family, protocol)
		&& (tagged || (rule.vlan ?? 0) === 0)
		&& (rule.destinationMac === undefined || isMulticast(rule.destinationMac) || macs.includes(rule.destinationMac))
		&& covers(rule.destinationIp, address)
		&& (from === undefined || covers(rule.sourceIp, from))
		&& known(rule.sourcePort, fromPort) && known(rule.destinationPort, toPort);
}

function fitsFlow({flow, etherType}: SteerRule, family: 4 | 6, protocol: 'tcp' | undefined): boolean {
	if (flow === 'ether') {
		// Without ARP an IPv4 address is not found for long.
		return etherType === undefined || (family === 4 ? [0x08_00, 0x08_06] : [0x86_dd]).includes(etherType);
	}

	return flow.endsWith(String(family)) && (protocol === undefined || [`ip${family}`, `${protocol}${family}`].includes(flow));
}

function covers(network: string | undefined, address: string): boolean {
	const [outer, inner] = [network === undefined ? undefined : parsePrefix(network), host(address)];
	return outer === undefined || inner === undefined || contains(outer, inner);
}

function host(text: string): Prefix | undefined {
	const parsed = parseAddress(text);
	return parsed && hostPrefix(parsed);
}

/** Addresses of the PF's interface and of all that stands on it. */
function addressesOn({netdevs}: Inventory, pf: Pf): OwnAddress[] {
	const found = new Map<Netdev, {tagged: boolean; macs: Mac[]}>();
	const visit = (netdev: Netdev | undefined, tagged: boolean, macs: readonly Mac[]) => {
		if (netdev === undefined || found.has(netdev)) {
			return;
		}

		const own = [...macs, ...netdev.mac === null ? [] : [netdev.mac]];
		found.set(netdev, {tagged, macs: own});
		visit(netdev.master === null ? undefined : netdevs.get(netdev.master), tagged, own);
		for (const above of netdevs.values()) {
			if (above.lowerDevices.includes(netdev.name)) {
				visit(above, true, own);
			}
		}
	};

	for (const name of pf.netdevs) {
		visit(netdevs.get(name), false, []);
	}

	return [...found].flatMap(([netdev, {tagged, macs}]) => netdev.addresses.map(cidr => ({netdev: netdev.name, address: cidr.split('/')[0] ?? '', macs, tagged})));
}
