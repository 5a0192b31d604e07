// NetworkManager's keyfile: nm-settings-keyfile(5).
import type {GuestFile, IpRoute} from '../model/guest-network.ts';
import {failoverDriver, iniText, isIpv6, macName, type GuestFileContent} from './guest-file-content.ts';

/** NetworkManager refuses a file that others can read. Without a UUID it makes one of the path. */
export function keyfile({mac, network, failover = false}: GuestFileContent): GuestFile {
	const {addresses, routes, mtuBytes, nameservers} = network;
	const of = (wanted: boolean) => ({
		addresses: addresses.filter(one => isIpv6(one) === wanted),
		routes: routes.filter(({to}) => isIpv6(to) === wanted),
		nameservers: nameservers.filter(one => isIpv6(one) === wanted),
	});
	return {
		format: 'networkmanager',
		path: `/etc/NetworkManager/system-connections/vfctl-${macName(mac)}.nmconnection`,
		text: iniText([
			// Before the connection that NetworkManager makes up for every wired interface (-999), and
			// before one for any interface, which has 0.
			['connection', [`id=vfctl-${macName(mac)}`, 'type=ethernet', 'autoconnect-priority=100']],
			['match', failover ? [`driver=${failoverDriver};`] : []],
			['ethernet', [`mac-address=${mac.toUpperCase()}`, ...mtuBytes === null ? [] : [`mtu=${mtuBytes}`]]],
			['ipv4', familyLines(of(false), 'disabled')],
			['ipv6', familyLines(of(true), 'ignore')],
		]),
		mode: 0o600,
	};
}

interface FamilyPart {
	addresses: readonly string[];
	routes: readonly IpRoute[];
	nameservers: readonly string[];
}

/** Lines of one family. Without an address NetworkManager takes neither routes nor nameservers
 * with `disabled`; they belong to a family that is there then. */
function familyLines({addresses, routes, nameservers}: FamilyPart, without: string): string[] {
	const manual = addresses.length > 0;
	return [
		`method=${manual ? 'manual' : without}`,
		...addresses.map((address, index) => `address${index + 1}=${address}`),
		...routes.map((route, index) => `route${index + 1}=${routeText(route)}`),
		...nameservers.length === 0 ? [] : [`dns=${nameservers.map(one => `${one};`).join('')}`],
	];
}

function routeText({to, via, metric}: IpRoute): string {
	const gateway = via ?? (isIpv6(to) ? '::' : '0.0.0.0');
	return [to, ...via === null && metric === null ? [] : [gateway], ...metric === null ? [] : [String(metric)]].join(',');
}
