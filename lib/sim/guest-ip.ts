// `ip` inside a simulated guest, of iproute2 or of busybox: the words of both as they were seen
// (iproute2 6.1, busybox 1.35), without JSON, which busybox has not.
import type {CommandResult} from '../host/host.ts';
import type {IpRoute} from '../model/guest-network.ts';
import {networkOf, parseAddress, parsePrefix, prefixText} from '../model/ip.ts';
import {isOnLink, type GuestLinkState, type GuestSystem} from './guest-system.ts';

export type IpDialect = 'iproute2' | 'busybox';

// igbvf: ETH_MAX of the 82576 without header.
const greatestMtu = 9216;

/** Runs `ip WORDS`; `changing` is called before anything changes. */
export function guestIp(system: GuestSystem, dialect: IpDialect, words: readonly string[], changing: () => void): CommandResult {
	const rest = words.filter(word => word !== '-o' && word !== '-6');
	const family = words.includes('-6') ? 6 : 4;
	const [object, verb, ...more] = rest;
	const after = (name: string) => more.includes(name) ? more[more.indexOf(name) + 1] : undefined;
	const links = [...system.links.values()];
	if (object === 'link' && verb === 'show') {
		return text(links.map((link, index) => linkLine(link, index + 2, dialect)));
	}

	const dev = after('dev');
	const link = links.find(({name}) => name === dev);
	if (!link) {
		return dialect === 'busybox' ? failed(`ip: can't find device '${dev}'`) : failed(verb === 'show' ? `Device "${dev}" does not exist.` : `Cannot find device "${dev}"`);
	}

	const say = (message: string) => failed(`${dialect === 'busybox' ? 'ip: ' : ''}RTNETLINK answers: ${message}`, 2);
	switch (`${object} ${verb}`) {
		case 'addr show': {
			return text(link.addresses.map(address => `${links.indexOf(link) + 2}: ${link.name}    inet${address.includes(':') ? '6' : ''} ${address} scope global ${address.includes(':') ? '' : link.name}\\       valid_lft forever preferred_lft forever`));
		}

		case 'route show': {
			return text(routeLines(link, family, dialect));
		}

		case 'link set': {
			return setLink(link, more, changing);
		}

		case 'addr add': {
			if (link.addresses.includes(more[0]!)) {
				return say('File exists');
			}

			changing();
			link.addresses.push(more[0]!);
			return text([]);
		}

		case 'addr del': {
			if (!link.addresses.includes(more[0]!)) {
				return say('Cannot assign requested address');
			}

			changing();
			removeAddress(link, more[0]!);
			return text([]);
		}

		case 'route add':
		case 'route del': {
			const prefix = parsePrefix(more[0]!);
			const route: IpRoute = {to: prefix ? prefixText(prefix) : more[0]!, via: after('via') ?? null, metric: after('metric') === undefined ? null : Number(after('metric'))};
			return verb === 'add' ? addRoute(link, route, {changing, say, dialect}) : removeRoute(link, route, {changing, say});
		}

		default: {
			return failed(`Object "${object}" is unknown, try "ip help".`);
		}
	}
}

function linkLine({name, mac, mtuBytes, up}: GuestLinkState, index: number, dialect: IpDialect): string {
	const more = dialect === 'busybox' ? '' : ` state ${up ? 'UP' : 'DOWN'} mode DEFAULT group default`;
	return `${index}: ${name}: <BROADCAST,MULTICAST${up ? ',UP,LOWER_UP' : ''}> mtu ${mtuBytes} qdisc mq${more} qlen 1000\\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff`;
}

function routeLines(link: GuestLinkState, family: 4 | 6, dialect: IpDialect): string[] {
	const isOf = (one: string) => one.includes(':') === (family === 6);
	const dev = dialect === 'busybox' ? ` dev ${link.name}` : '';
	const protocol = dialect === 'busybox' ? '' : ' proto kernel';
	const own = link.up ? link.addresses.filter(address => isOf(address)).map(address => {
		const network = prefixText(networkOf(parsePrefix(address)!));
		return family === 4 ? `${network}${dev}${protocol} scope link src ${address.split('/')[0]}` : `${network}${dev}${protocol} metric 256`;
	}) : [];
	return [
		...new Set(own),
		...link.routes.filter(({to}) => isOf(to)).map(({to, via, metric}) => {
			const shown = /^(?:0\.0\.0\.0|::)\/0$/.test(to) ? 'default' : to.replace(/\/(?:32|128)$/, '');
			const weight = metric ?? (family === 6 ? 1024 : null);
			return `${shown}${via === null ? '' : ` via ${via}`}${dev}${via === null && family === 4 ? ' scope link' : ''}${weight === null ? '' : ` metric ${weight}`} `;
		}),
		...family === 6 && link.up ? [`fe80::/64${dev}${protocol} metric 256`, ...dialect === 'busybox' ? [`multicast ff00::/8${dev} metric 256`] : []] : [],
	];
}

function setLink(link: GuestLinkState, words: readonly string[], changing: () => void): CommandResult {
	const mtu = words.includes('mtu') ? Number(words[words.indexOf('mtu') + 1]) : undefined;
	if (mtu !== undefined) {
		if (!(mtu >= 68 && mtu <= greatestMtu)) {
			return failed(mtu > greatestMtu ? 'Error: mtu greater than device maximum.' : 'Error: mtu less than device minimum.', 2);
		}

		changing();
		link.mtuBytes = mtu;
		// addrconf_ifdown: IPv6 needs 1280 bytes.
		if (mtu < 1280) {
			Object.assign(link, {addresses: link.addresses.filter(one => !one.includes(':')), routes: link.routes.filter(({to}) => !to.includes(':'))});
		}

		return text([]);
	}

	changing();
	link.up = words.includes('up');
	if (!link.up) {
		Object.assign(link, {routes: [], addresses: link.addresses.filter(one => !one.includes(':'))});
	}

	return text([]);
}

// The first IPv4 address of a network takes the others along (promote_secondaries is off), and
// with an address go the routes over gateways in its network.
function removeAddress(link: GuestLinkState, address: string): void {
	const network = prefixText(networkOf(parsePrefix(address)!));
	const same = link.addresses.filter(one => prefixText(networkOf(parsePrefix(one)!)) === network);
	const gone = !address.includes(':') && same[0] === address ? same : [address];
	link.addresses = link.addresses.filter(one => !gone.includes(one));
	link.routes = link.routes.filter(({via}) => via === null || isOnLink(link, via));
}

interface Doing {
	changing: () => void;
	say: (message: string) => CommandResult;
}

function addRoute(link: GuestLinkState, route: IpRoute, {changing, say, dialect}: Doing & {dialect: IpDialect}): CommandResult {
	if (!link.up) {
		return say('Network is down');
	}

	if (route.via !== null && (parseAddress(route.via) === undefined || !isOnLink(link, route.via))) {
		return dialect === 'busybox' ? say('Network is unreachable') : failed('Error: Nexthop has invalid gateway.', 2);
	}

	if (link.routes.some(({to, metric}) => to === route.to && metric === route.metric)) {
		return say('File exists');
	}

	changing();
	link.routes.push(route);
	return text([]);
}

function removeRoute(link: GuestLinkState, route: IpRoute, {changing, say}: Doing): CommandResult {
	const found = link.routes.find(({to, via, metric}) => to === route.to && (route.via === null || via === route.via) && (route.metric === null || metric === route.metric));
	if (!found) {
		return say('No such process');
	}

	changing();
	link.routes = link.routes.filter(one => one !== found);
	return text([]);
}

function text(lines: readonly string[]): CommandResult {
	return {code: 0, stdout: lines.map(line => `${line}\n`).join(''), stderr: ''};
}

function failed(message: string, code = 1): CommandResult {
	return {code, stdout: '', stderr: `${message}\n`};
}
