// The shell lines of actions on addresses, routes, networks and what makes them last.
import {sameRoute} from '../model/guest-ip.ts';
import type {GuestIp, IpRoute} from '../model/guest-network.ts';
import type {Lease} from '../model/network.ts';
import {effectiveMetric} from '../model/route.ts';
import {quote} from '../model/shell-word.ts';
import type {Action, GuestNetworkAction, HostRoute, KernelArgumentsAction, SetFilterAction, SetLeaseAction, SetNetworkAction, SetRouteAction} from './action.ts';
import {guestWord, hereDocument} from './equivalent-words.ts';

type NetworkKind = 'set-mtu' | 'set-filter' | 'set-route' | 'guest-network' | 'guest-file' | 'set-network' | 'set-lease' | 'kernel-arguments' | 'set-unit';

/** Shell lines equivalent to the action. */
export function networkEquivalent(action: Extract<Action, {kind: NetworkKind}>): string[] {
	switch (action.kind) {
		case 'set-mtu': {
			return [`ip link set dev ${quote(action.netdev)} mtu ${action.to}`];
		}

		case 'set-filter': {
			return [filterCommand(action).map(word => quote(word)).join(' ')];
		}

		case 'set-route': {
			return hostRouteCommands(action).map(words => words.map(word => quote(word)).join(' '));
		}

		case 'guest-network': {
			return guestNetworkLines(action);
		}

		case 'guest-file': {
			const inside = `in ${guestWord(action.guest)}:`;
			return action.to === null ? [`# ${inside} rm ${quote(action.path)}`] : hereDocument(`# ${inside} cat > ${quote(action.path)}`, action.to);
		}

		case 'set-network': {
			return networkLines(action);
		}

		case 'set-lease': {
			return leaseLines(action);
		}

		case 'kernel-arguments': {
			return kernelArgumentLines(action);
		}

		case 'set-unit': {
			return [`systemctl ${action.to === 'enabled' ? 'enable' : 'disable'} ${quote(action.unit)}`];
		}
	}
}

/** `bridge fdb add|del`, of the card itself (NTF_SELF), not of the bridge. */
export function filterCommand({netdev, mac, to}: SetFilterAction): [string, ...string[]] {
	return ['bridge', 'fdb', to ? 'add' : 'del', mac, 'dev', netdev, 'self'];
}

/** The `ip` commands of a change of a route, without a moment in which neither is there: one of
 * the same metric is replaced, of another metric it is added before the old one goes. */
export function hostRouteCommands({from, to}: Pick<SetRouteAction, 'from' | 'to'>): string[][] {
	if (to === null) {
		return from === null ? [] : [hostRouteCommand('del', from)];
	}

	const [old, now] = [from, to].map(route => route && effectiveMetric(familyOf(route.to), route.metric));
	return from === null ? [hostRouteCommand('add', to)] : old === now ? [hostRouteCommand('replace', to)] : [hostRouteCommand('add', to), hostRouteCommand('del', from)];
}

/** One `ip route` command. Taking one away, only what names it is said. */
export function hostRouteCommand(verb: 'add' | 'replace' | 'del', {to, via, dev, metric, source, protocol, onlink}: HostRoute): string[] {
	const detail = verb === 'del' ? [] : [
		...protocol === undefined ? [] : ['proto', protocol],
		...source === undefined ? [] : ['src', source],
		...onlink === true ? ['onlink'] : [],
	];
	// Without a metric `ip -6 route del` takes away the first route to the network, whatever its metric.
	const number = verb === 'del' && familyOf(to) === 6 ? effectiveMetric(6, metric) : metric;
	return ['ip', ...family(to), 'route', verb, to, ...via === null ? [] : ['via', via], 'dev', dev, ...number === null ? [] : ['metric', String(number)], ...detail];
}

function familyOf(text: string): 4 | 6 {
	return text.includes(':') ? 6 : 4;
}

/** The `ip` commands that make an interface with the first settings have the second, in order:
 * what goes away first, then addresses before the routes that need them. */
export function guestIpCommands(dev: string, from: GuestIp, to: GuestIp): string[][] {
	const route = (verb: 'add' | 'del', {to: network, via, metric}: IpRoute) =>
		['ip', ...family(network), 'route', verb, network, ...via === null ? [] : ['via', via], 'dev', dev, ...metric === null ? [] : ['metric', String(metric)]];
	return [
		...from.routes.filter(one => !to.routes.some(other => sameRoute(one, other))).map(one => route('del', one)),
		...from.addresses.filter(one => !to.addresses.includes(one)).map(one => ['ip', ...family(one), 'addr', 'del', one, 'dev', dev]),
		...to.mtuBytes === null || to.mtuBytes === from.mtuBytes ? [] : [['ip', 'link', 'set', 'dev', dev, 'mtu', String(to.mtuBytes)]],
		...to.up === from.up ? [] : [['ip', 'link', 'set', 'dev', dev, to.up ? 'up' : 'down']],
		...to.addresses.filter(one => !from.addresses.includes(one)).map(one => ['ip', ...family(one), 'addr', 'add', one, 'dev', dev]),
		...to.routes.filter(one => !from.routes.some(other => sameRoute(one, other))).map(one => route('add', one)),
	];
}

// busybox's ip takes a family for routes only from the option.
function family(text: string): string[] {
	return text.includes(':') ? ['-6'] : [];
}

function guestNetworkLines({guest, mac, from, to}: GuestNetworkAction): string[] {
	return [`# in ${guestWord(guest)}, on the interface with ${mac}:`, ...guestIpCommands('"$DEV"', from, to).map(words => words.join(' '))];
}

function networkLines({name, from, to}: SetNetworkAction): string[] {
	const word = quote(name);
	if (to === null) {
		return [...from?.active === true ? [`virsh net-destroy ${word}`] : [], `virsh net-undefine ${word}`];
	}

	const changed = from?.xml !== to.xml;
	return [
		...from?.active === true && (changed || !to.active) ? [`virsh net-destroy ${word}`] : [],
		...changed ? hereDocument('virsh net-define /dev/stdin', to.xml) : [],
		...to.active && (changed || from?.active !== true) ? [`virsh net-start ${word}`] : [],
		...(from?.autostart ?? false) === to.autostart ? [] : [`virsh net-autostart ${word}${to.autostart ? '' : ' --disable'}`],
	];
}

function leaseLines({network, from, to}: SetLeaseAction): string[] {
	const update = (verb: string, lease: Lease) => `virsh net-update ${quote(network)} ${verb} ip-dhcp-host ${quote(leaseXml(lease))} --live --config`;
	if (to === null) {
		return from === null ? [] : [update('delete', from)];
	}

	return [update(from === null ? 'add-last' : 'modify', to)];
}

function leaseXml({mac, ip, name}: Lease): string {
	return `<host mac='${mac}'${name === null ? '' : ` name='${name.replaceAll(/[&<>'"]/g, letter => `&#${letter.codePointAt(0)};`)}'`} ip='${ip}'/>`;
}

function kernelArgumentLines({from, to}: KernelArgumentsAction): string[] {
	const added = to.filter(word => !from.includes(word));
	const removed = from.filter(word => !to.includes(word));
	return [
		...removed.length === 0 ? [] : [`grubby --update-kernel=ALL --remove-args=${quote(removed.join(' '))}`],
		...added.length === 0 ? [] : [`grubby --update-kernel=ALL --args=${quote(added.join(' '))}`],
	];
}
