// A steering rule as an admin types it.
import {AppError, type ErrorCode} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import {hostPrefix, networkOf, parseAddress, parsePrefix, prefixText} from '../../model/ip.ts';
import {parseMac, type Mac} from '../../model/mac.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName, selectVf} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {flowTypes, matchedFields, type FlowType, type SteerMatch, type SteerRule, type SteerTarget} from '../../model/steer-rule.ts';

// A location is 32 bits (struct ethtool_rx_flow_spec); the highest bit is RX_CLS_LOC_SPECIAL.
export const highestLocation = 0x7F_FF_FF_FF;

/** Options of `steer add` that tell the flow, as text. */
export interface SteerMatchRequest {
	flow?: string | undefined;
	fromIp?: string | undefined;
	toIp?: string | undefined;
	fromPort?: string | undefined;
	toPort?: string | undefined;
	fromMac?: string | undefined;
	toMac?: string | undefined;
	etherType?: string | undefined;
	vlan?: string | undefined;
	vlanPriority?: string | undefined;
}

/** Options of `steer add`, as text. */
export interface SteerRequest extends SteerMatchRequest {
	/** `drop`, `queue:N`, `vf:N`, or a VF by any of its names. */
	action: string;
	/** Queue of the VF. */
	queue?: string | undefined;
}

/** The rule that is asked for. Throws USAGE, BAD_ADDRESS, BAD_MAC, BAD_VLAN and what naming a VF throws. */
export function requestedRule(inventory: Inventory, pf: Pf, request: SteerRequest): SteerRule {
	return {...requestedMatch(request), target: requestedTarget(inventory, pf, request)};
}

/** What the rule looks at. Throws USAGE, BAD_ADDRESS, BAD_MAC, BAD_VLAN. */
export function requestedMatch(request: SteerMatchRequest): SteerMatch {
	const fields = requestedFields(request);
	const flow = request.flow === undefined ? impliedFlow(fields) : toFlow(request.flow);
	requireFit(flow, fields);
	return {flow, ...fields};
}

type Fields = Omit<SteerMatch, 'flow'>;

/** Each option by itself. Throws USAGE, BAD_ADDRESS, BAD_MAC, BAD_VLAN. */
export function requestedFields({fromIp, toIp, fromPort, toPort, fromMac, toMac, etherType, vlan, vlanPriority}: SteerMatchRequest): Fields {
	return {
		...fromMac === undefined ? {} : {sourceMac: toMacAddress(fromMac)},
		...toMac === undefined ? {} : {destinationMac: toMacAddress(toMac)},
		...etherType === undefined ? {} : {etherType: toEtherType(etherType)},
		...vlan === undefined ? {} : {vlan: steerNumber(vlan, 4094, 'a VLAN id', 'BAD_VLAN')},
		...vlanPriority === undefined ? {} : {vlanPriority: steerNumber(vlanPriority, 7, 'a VLAN priority', 'BAD_VLAN')},
		...fromIp === undefined ? {} : {sourceIp: toNetwork(fromIp, '--from-ip')},
		...toIp === undefined ? {} : {destinationIp: toNetwork(toIp, '--to-ip')},
		...fromPort === undefined ? {} : {sourcePort: steerNumber(fromPort, 65_535, 'a port', 'USAGE')},
		...toPort === undefined ? {} : {destinationPort: steerNumber(toPort, 65_535, 'a port', 'USAGE')},
	};
}

function toFlow(text: string): FlowType {
	const flow = flowTypes.find(name => name === text);
	if (flow === undefined) {
		throw new AppError('USAGE', `'${text}' is no flow type`, {why: `it is one of ${flowTypes.join(', ')}`, fix: '--flow tcp4'});
	}

	return flow;
}

/** Without --flow: what the fields can only mean. */
function impliedFlow({sourceIp, destinationIp, sourcePort, destinationPort}: Fields): FlowType {
	if (sourcePort !== undefined || destinationPort !== undefined) {
		throw new AppError('USAGE', 'a port needs --flow', {why: 'a port alone does not tell TCP from UDP', fix: 'add --flow tcp4, udp4, sctp4, tcp6, udp6 or sctp6'});
	}

	const ip = sourceIp ?? destinationIp;
	return ip === undefined ? 'ether' : ip.includes(':') ? 'ip6' : 'ip4';
}

function requireFit(flow: FlowType, fields: Fields): void {
	const refuse = (why: string, fix: string) => new AppError('USAGE', `these options do not fit --flow ${flow}`, {why, fix});
	const {sourceIp, destinationIp, sourcePort, destinationPort, sourceMac, etherType} = fields;
	const ips = [sourceIp, destinationIp].filter(ip => ip !== undefined);
	if (matchedFields({flow, ...fields}).length === 0 && ['ether', 'ip4', 'ip6'].includes(flow)) {
		throw refuse('it would match everything', 'say what the flow looks like: --to-ip, --to-port, --ether-type, ...');
	}

	if (flow === 'ether' && (ips.length > 0 || sourcePort !== undefined || destinationPort !== undefined)) {
		throw refuse('addresses and ports are not looked at in Ethernet flows', 'use --flow ip4, tcp4, udp4, ...');
	}

	if (flow !== 'ether' && (sourceMac !== undefined || etherType !== undefined)) {
		throw refuse('ethtool has --from-mac and --ether-type for Ethernet flows alone', 'use --flow ether');
	}

	if (['ip4', 'ip6'].includes(flow) && (sourcePort !== undefined || destinationPort !== undefined)) {
		throw refuse('a port alone does not tell TCP from UDP', `use --flow tcp${flow.at(-1)}, udp${flow.at(-1)} or sctp${flow.at(-1)}`);
	}

	if (ips.some(ip => ip.includes(':') !== flow.endsWith('6'))) {
		throw refuse(`${ips.join(' and ')} ${ips.length === 1 ? 'is of another family' : 'are not both of that family'}`, 'name addresses of one family');
	}
}

/** What `--action` means. A VF has to be one of that PF: its card has the rule. */
function requestedTarget(inventory: Inventory, pf: Pf, {action, queue}: SteerRequest): SteerTarget {
	const vfQueue = queue === undefined ? null : steerNumber(queue, 65_535, 'a queue', 'USAGE');
	const [, kind, number = ''] = /^(queue|vf):(.*)$/.exec(action) ?? [];
	if ((action === 'drop' || kind === 'queue') && vfQueue !== null) {
		throw new AppError('USAGE', '--queue goes with a VF', {why: 'it is a queue of that VF', fix: '--action queue:N is a queue of the PF'});
	}

	if (action === 'drop') {
		return {kind: 'drop'};
	}

	if (kind === 'queue') {
		return {kind: 'queue', queue: steerNumber(number, 65_535, 'a queue', 'USAGE')};
	}

	const {pf: owner, vf} = selectVf(inventory, kind === 'vf' ? `${pf.bdf}#${steerNumber(number, 65_535, 'a VF', 'USAGE')}` : action);
	if (owner.bdf !== pf.bdf) {
		throw new AppError('USAGE', `${action} is not a VF of ${pfName(pf)}`, {why: `it is VF ${vf.index} of ${pfName(owner)}, and a card steers among its own functions`, fix: `vfctl steer add ${quote(pfName(owner))} ...`});
	}

	return {kind: 'vf', vf: vf.index, queue: vfQueue ?? 0};
}

/** A whole number from 0 to `most`, in decimal digits. */
export function steerNumber(text: string, most: number, what: string, code: ErrorCode): number {
	if (!/^\d{1,10}$/.test(text) || Number(text) > most) {
		throw new AppError(code, `'${text}' is not ${what}`, {why: `it is a whole number from 0 to ${most}`});
	}

	return Number(text);
}

/** `0x88cc`, or a name that everyone knows. */
function toEtherType(text: string): number {
	// linux/if_ether.h: below 0x0600 it is the length of a frame.
	const named: Readonly<Record<string, number>> = {ipv4: 0x08_00, arp: 0x08_06, ipv6: 0x86_dd, lldp: 0x88_cc, ptp: 0x88_f7};
	const type = Object.hasOwn(named, text) ? named[text]! : /^0x[\da-f]{3,4}$/i.test(text) ? Number(text) : Number.NaN;
	if (!(type >= 0x06_00 && type <= 0xFF_FF)) {
		throw new AppError('USAGE', `'${text}' is no EtherType`, {why: `it is a number from 0x0600 to 0xffff, or one of ${Object.keys(named).join(', ')}`, fix: '--ether-type 0x88cc'});
	}

	return type;
}

/** Multicast and broadcast are fine: flows are sent to them. */
function toMacAddress(text: string): Mac {
	const mac = parseMac(text);
	if (mac === undefined) {
		throw new AppError('BAD_MAC', `'${text}' is no MAC address`, {why: 'it is not six pairs of hexadecimal digits', fix: 'use an address such as 52:54:00:12:34:56'});
	}

	return mac;
}

function toNetwork(text: string, option: string): string {
	const address = parseAddress(text);
	const prefix = address === undefined ? parsePrefix(text) : hostPrefix(address);
	if (prefix === undefined || prefix.length === 0) {
		throw new AppError('BAD_ADDRESS', `'${text}' cannot be used for ${option}`, {
			why: prefix === undefined ? 'it is neither an IP address nor ADDRESS/LENGTH' : 'that is every address',
			fix: prefix === undefined ? `${option} 192.0.2.7, or ${option} 192.0.2.0/24` : `leave ${option} out`,
		});
	}

	const network = networkOf(prefix);
	if (network.address !== prefix.address) {
		throw new AppError('BAD_ADDRESS', `'${text}' has bits behind its length`, {why: `the network is ${prefixText(network)}`, fix: `${option} ${prefixText(network)}`});
	}

	return prefixText(network);
}
