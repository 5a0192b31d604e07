// What --address, --route and the other settings of an interface inside a guest say.
import {AppError} from '../errors.ts';
import type {GuestFileFormat, GuestNetwork, IpRoute} from '../model/guest-network.ts';
import {sameRoute} from '../model/guest-ip.ts';
import {prefixText, toAddress, toPrefix, type Prefix} from '../model/ip.ts';
import {requireUsableNetwork, usualGateway} from '../plan/guest-network-checks.ts';
import {wholeNumber} from './vf-settings-options.ts';

type Repeatable = string | readonly string[] | undefined;

export interface GuestNetworkArguments {
	address?: Repeatable;
	/** The empty text for a bare --gateway. */
	gateway?: Repeatable;
	route?: Repeatable;
	mtu?: string | undefined;
	nameserver?: Repeatable;
	guestFile: GuestFileFormat | 'auto' | 'none';
}

/** What the options say, checked in itself; undefined when none was given. Throws BAD_ADDRESS or
 * USAGE. */
export function parseGuestNetwork(args: GuestNetworkArguments): GuestNetwork | undefined {
	const {gateway, mtu} = args;
	const [address, route, nameserver] = [args.address ?? [], args.route ?? [], args.nameserver ?? []].map(one => [one].flat()) as [string[], string[], string[]];
	if (address.length === 0 && gateway === undefined && route.length === 0 && mtu === undefined && nameserver.length === 0) {
		return undefined;
	}

	const prefixes = address.map(text => toPrefix(text, 'the address'));
	const gateways = parseGateways(gateway === undefined ? undefined : [gateway].flat(), prefixes);
	const routes = route.map(text => parseRoute(text, gateways));
	const network: GuestNetwork = {
		addresses: [...new Set(prefixes.map(prefix => prefixText(prefix)))],
		routes: [...gateways, ...routes].filter((one, index, all) => all.findIndex(other => sameRoute(one, other)) === index),
		mtuBytes: mtu === undefined ? null : parseMtu(mtu),
		nameservers: nameserver.map(text => toAddress(text, 'the nameserver').address),
	};
	requireUsableNetwork(network);
	return network;
}

/** Default routes; of a bare `--gateway` over the first address of the first network. */
function parseGateways(given: readonly string[] | undefined, prefixes: readonly Prefix[]): IpRoute[] {
	if (given === undefined) {
		return [];
	}

	const [first] = prefixes;
	const addresses = given.map(text => {
		if (text === '' && first === undefined) {
			throw new AppError('BAD_ADDRESS', '--gateway needs an address here', {why: 'without --address there is no network whose first address it could be', fix: '--gateway ADDRESS, or add --address'});
		}

		return text === '' ? usualGateway(first!) : text;
	});
	const routes = addresses.map(text => {
		const {family, address} = toAddress(text, 'the gateway');
		return {to: family === 4 ? '0.0.0.0/0' : '::/0', via: address, metric: null};
	});
	const twice = routes.find((one, index) => routes.findIndex(({to}) => to === one.to) !== index);
	if (twice) {
		throw new AppError('BAD_ADDRESS', `there are two gateways, ${routes.filter(({to}) => to === twice.to).map(({via}) => via).join(' and ')}`, {why: 'one interface has one default route of a kind', fix: 'give one --gateway, and --route 0.0.0.0/0,via=ADDRESS,metric=N for another'});
	}

	return routes;
}

/** `NETWORK[,via=ADDRESS][,metric=N]`. */
function parseRoute(text: string, gateways: readonly IpRoute[]): IpRoute {
	const [network = '', ...parts] = text.split(',');
	const pairs = parts.map(part => {
		const [name, ...value] = part.split('=');
		return [name, value.join('=')];
	});
	const wrong = pairs.find(([name]) => name !== 'via' && name !== 'metric');
	if (wrong || new Set(pairs.map(([name]) => name)).size < pairs.length) {
		throw new AppError('USAGE', `the route '${text}' cannot be read`, {why: wrong ? `'${wrong.join('=')}' is neither via=ADDRESS nor metric=N` : 'it says something twice', fix: '--route 10.0.0.0/24,via=20.0.0.1'});
	}

	const given = Object.fromEntries(pairs) as {via?: string; metric?: string};
	const to = toPrefix(network === 'default' ? (given.via?.includes(':') ? '::/0' : '0.0.0.0/0') : network, 'the network');
	return {
		to: prefixText(to),
		via: given.via === undefined ? gateways.find(one => one.to.includes(':') === (to.family === 6))?.via ?? null : toAddress(given.via, 'the gateway').address,
		metric: given.metric === undefined ? null : parseMetric(given.metric),
	};
}

/** A metric of a route; throws USAGE. 0 is the kernel's own choice. */
export function parseMetric(text: string): number | null {
	return wholeNumber(text, 999_999_999, 'USAGE', 'a metric') || null;
}

function parseMtu(text: string): number {
	const bytes = wholeNumber(text, 65_535, 'USAGE', 'an MTU in bytes');
	if (bytes < 68) {
		throw new AppError('USAGE', `'${text}' is not an MTU`, {why: 'IPv4 needs 68 bytes', fix: 'give 68 to 65535'});
	}

	return bytes;
}
