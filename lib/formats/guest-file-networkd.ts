// systemd-networkd: systemd.network(5).
import type {GuestFile, IpRoute} from '../model/guest-network.ts';
import {failoverDriver, iniText, isIpv6, macName, type GuestFileContent} from './guest-file-content.ts';

/** networkd takes the first file that matches, in the order of names: 05 is before the general
 * files of distributions and images, and before netplan's (10-netplan-). */
export function networkdFile({mac, network: {addresses, routes, mtuBytes, nameservers}, failover = false}: GuestFileContent): GuestFile {
	return {
		format: 'networkd',
		path: `/etc/systemd/network/05-vfctl-${macName(mac)}.network`,
		text: iniText([
			['Match', [`MACAddress=${mac}`, ...failover ? [`Driver=${failoverDriver}`] : []]],
			['Link', mtuBytes === null ? [] : [`MTUBytes=${mtuBytes}`]],
			['Network', ['LinkLocalAddressing=ipv6', ...nameservers.map(one => `DNS=${one}`)]],
			...addresses.map(address => ['Address', [`Address=${address}`]] as const),
			...routes.map(route => ['Route', routeLines(route)] as const),
		]),
		mode: 0o644,
	};
}

function routeLines({to, via, metric}: IpRoute): string[] {
	return [
		`Destination=${to}`,
		...via === null ? (isIpv6(to) ? [] : ['Scope=link']) : [`Gateway=${via}`],
		...metric === null ? [] : [`Metric=${metric}`],
	];
}
