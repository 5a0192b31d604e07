// What speaks against a static lease, found before libvirt is asked: dnsmasq takes many of them
// without a word and then hands out nothing.
import {AppError} from '../errors.ts';
import {broadcastOf, contains, hostPrefix, networkOf, parsePrefix, toAddress, type Prefix} from '../model/ip.ts';
import {isMulticast, zeroMac} from '../model/mac.ts';
import type {Lease, Network, NetworkIp} from '../model/network.ts';
import {quote} from '../model/shell-word.ts';

// RFC 1123. libvirt writes the name into its own file without escaping it (seen with 9.0), and
// dnsmasq takes a comma in it for the next field.
const hostName = /^(?=.{1,253}$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i;

/** The lease with its address in canonical form. Throws BAD_ADDRESS, USAGE for a name that is no
 * host name, UNSUPPORTED where libvirt hands out no addresses, LEASE_CONFLICT, BAD_MAC. */
export function checkLease(network: Network, {mac, ip, name}: Lease): Lease {
	if (mac === zeroMac || isMulticast(mac)) {
		throw new AppError('BAD_MAC', `${mac} is the MAC of no interface`, {why: 'a lease is for one interface, and zero and multicast addresses belong to none', fix: 'give the MAC of the guest\'s interface (virsh domiflist GUEST)'});
	}

	const {family, address} = toAddress(ip, 'the address of the lease');
	if (name !== null && !hostName.test(name)) {
		throw new AppError('USAGE', `${JSON.stringify(name)} is not a host name`, {why: 'letters, digits and hyphens, in parts of at most 63 characters', fix: 'give --name like web1 or web1.lab'});
	}

	if (family === 6) {
		throw new AppError('UNSUPPORTED', 'libvirt reserves no IPv6 address for a MAC', {
			why: 'DHCPv6 clients are known by their DUID, and libvirt refuses a MAC in an IPv6 lease',
			fix: `virsh net-update ${quote(network.name)} add ip-dhcp-host "<host id='DUID' ip='${address}'/>" --live --config`,
		});
	}

	const own = ipOf(network, {family, address});
	requireUsable(network, own, address);
	requireUntaken(network, {mac, ip: address, name});
	return {mac, ip: address, name};
}

/** The <ip> of the network that the address is in, with DHCP. */
function ipOf(network: Network, address: {family: 4 | 6; address: string}): {ip: NetworkIp; prefix: Prefix} {
	const word = quote(network.name);
	const ips = network.ips.map(ip => ({ip, prefix: parsePrefix(ip.address)})).filter((one): one is {ip: NetworkIp; prefix: Prefix} => one.prefix?.family === address.family);
	if (ips.length === 0) {
		throw new AppError('UNSUPPORTED', `libvirt hands out no addresses in network ${network.name}`, {
			why: network.forward === 'hostdev' || network.forward === 'bridge' ? `it is a network of mode ${network.forward}: guests get their addresses from whoever serves the wire` : 'it has no IPv4 address',
			fix: network.forward === 'hostdev' ? 'vfctl attach ... --address sets an address in the guest' : `virsh net-edit ${word}`,
		});
	}

	const found = ips.find(({prefix}) => contains(prefix, hostPrefix(address)));
	if (!found) {
		throw new AppError('LEASE_CONFLICT', `${address.address} is not in network ${network.name}`, {
			why: `its addresses are ${ips.map(({prefix}) => `${networkOf(prefix).address}/${prefix.length}`).join(', ')}`,
			fix: 'choose an address of it',
		});
	}

	if (!found.ip.dhcp) {
		throw new AppError('UNSUPPORTED', `network ${network.name} has no DHCP for ${networkOf(found.prefix).address}/${found.prefix.length}`, {
			why: 'its <ip> has no <dhcp>, so no dnsmasq would answer',
			fix: `virsh net-edit ${word}, and put <dhcp><range start='...' end='...'/></dhcp> into <ip>; then stop and start the network`,
		});
	}

	return found;
}

function requireUsable(network: Network, {prefix}: {prefix: Prefix}, address: string): void {
	const first = networkOf(prefix);
	const reserved = [
		...prefix.length < 31 ? [[first.address, 'the address of the network itself'], [broadcastOf(first), 'the broadcast address']] as const : [],
		[prefix.address, 'the address of the bridge, which the host has'] as const,
	];
	const found = reserved.find(([taken]) => taken === address);
	if (found) {
		throw new AppError('LEASE_CONFLICT', `${address} cannot be given to a guest of ${network.name}`, {why: `it is ${found[1]}`, fix: 'choose another address'});
	}
}

function requireUntaken(network: Network, {mac, ip, name}: Lease): void {
	const others = [...network.ips, ...network.savedIps ?? []].flatMap(({leases}) => leases).filter(lease => lease.mac !== mac);
	const sameIp = others.find(lease => lease.ip === ip);
	if (sameIp) {
		throw new AppError('LEASE_CONFLICT', `${ip} is reserved for ${sameIp.mac} already`, {
			why: `network ${network.name} has a lease of it${sameIp.name === null ? '' : ` for ${sameIp.name}`}`,
			fix: `choose another address, or vfctl dhcp delete ${quote(network.name)} ${sameIp.mac}`,
			details: {lease: sameIp},
		});
	}

	const sameName = name === null ? undefined : others.find(lease => lease.name?.toLowerCase() === name.toLowerCase());
	if (sameName) {
		throw new AppError('LEASE_CONFLICT', `the name ${name} belongs to ${sameName.mac} (${sameName.ip}) already`, {why: 'libvirt knows a lease by its name too', fix: 'choose another --name', details: {lease: sameName}});
	}
}
