// Values of the host file: names, ranges of VFs, addresses.
import {parseBdf} from '../model/bdf.ts';
import {broadcastOf, isUnusable, networkOf, parsePrefix, prefixText, toAddress, toPrefix, type Prefix} from '../model/ip.ts';
import {toVfMac, type Mac} from '../model/mac.ts';
import type {VfRange} from '../model/host-file.ts';
import {parseVfRange} from '../model/vf-range.ts';
import {shortened} from './problems.ts';
import type {Cursor} from './reader.ts';

/** Why the name cannot be that of an interface, or undefined (dev_valid_name in the kernel, and
 * names that mean something else in /proc/sys/net). */
export function interfaceNameProblem(name: string): string | undefined {
	if (name.length === 0 || name.length > 15) {
		return 'the name of an interface has 1 to 15 characters';
	}

	if (/[\s/:#,]|[^\u0021-\u007E]/.test(name) || name === '.' || name === '..') {
		return 'the name of an interface has no blanks, slashes, colons or number signs';
	}

	return ['lo', 'all', 'default'].includes(name) ? 'the name is reserved' : undefined;
}

/** Why the name cannot be that of a guest or network of libvirt, or undefined. */
export function libvirtNameProblem(name: string): string | undefined {
	if (name.length === 0 || name.length > 255 || name.trim() !== name) {
		return 'a name has 1 to 255 characters and no blank at either end';
	}

	return /[/\u0000-\u001F\u007F-\u009F\u2028\u2029]/.test(name) || name === '.' || name === '..' ? 'libvirt takes no slash and no control character in a name' : undefined;
}

/** A PF as named: its interface, or its PCI address in canonical spelling. */
export function pfNameOf(name: string): string | undefined {
	return parseBdf(name) ?? (interfaceNameProblem(name) === undefined ? name : undefined);
}

/** An interface of the host. */
export function readInterface(cursor: Cursor | undefined): string | undefined {
	const name = cursor?.text('the name of an interface');
	if (name === undefined) {
		return undefined;
	}

	const problem = interfaceNameProblem(name);
	return problem === undefined ? name : cursor!.refuse(`'${shortened(name)}' is no interface`, problem);
}

/** A PF: an interface or a PCI address. */
export function readPf(cursor: Cursor | undefined): string | undefined {
	const name = cursor?.text('a PF: its interface or PCI address');
	return name === undefined ? undefined : pfNameOf(name) ?? cursor!.refuse(`'${shortened(name)}' is no PF`, interfaceNameProblem(name) ?? 'it must be an interface or a PCI address');
}

/** VFs of one PF, such as `ens1f0#0-3`. */
export function readRange(cursor: Cursor | undefined): VfRange | undefined {
	const must = 'VFs of a PF, such as ens1f0#3, ens1f0#0-3 or ens1f0#0,2';
	const text = cursor?.text(must);
	if (text === undefined || cursor!.findings.tooManyVfs) {
		return undefined;
	}

	// Each part of a longer one could name 65535 VFs.
	const range = text.length <= 200 && !text.startsWith('sriov:') ? parseVfRange(text) : undefined;
	if (!range) {
		return cursor!.refuse(`'${shortened(text)}' does not name VFs`, `it must be ${must}`, /^sriov:.+:\d+$/.test(text) && text.length < 60 ? `write ${text.slice(6).replace(/:(\d+)$/, '#$1')}` : undefined);
	}

	const pf = pfNameOf(range.pf);
	return !cursor!.findings.nameVfs(range.indexes.length, cursor!) ? undefined
		: pf === undefined ? cursor!.refuse(`'${shortened(range.pf)}' is no PF`, interfaceNameProblem(range.pf)!) : {pf, indexes: range.indexes};
}

/** A unicast MAC address. */
export function readMac(cursor: Cursor | undefined): Mac | undefined {
	return cursor?.parsed('a MAC address such as 52:54:00:12:34:56', toVfMac);
}

/** An interface's address with its length, in canonical form. */
export function readInterfaceAddress(cursor: Cursor): string | undefined {
	const prefix = cursor.parsed('an address with the length of its network', text => toPrefix(text, 'the address'));
	if (!prefix) {
		return undefined;
	}

	const text = prefixText(prefix);
	if (isUnusable(prefix.address)) {
		return cursor.refuse(`${prefix.address} is no address of an interface`, 'it is multicast, loopback or unspecified');
	}

	if (isWhole(prefix)) {
		return cursor.refuse(`${text} is the network itself`, 'an interface has an address in it', `write an address in ${text}, with /${prefix.length}`);
	}

	return prefix.address === broadcastOf(prefix) ? cursor.refuse(`${prefix.address} is the broadcast address of ${prefixText(networkOf(prefix))}`, 'an interface has another address of the network') : text;
}

/** A network without bits behind the length, in canonical form. */
export function readNetwork(cursor: Cursor | undefined): string | undefined {
	const text = cursor?.text('a network such as 10.0.0.0/24');
	if (text === 'default') {
		return cursor!.refuse('\'default\' does not tell which of the two', 'the default route is 0.0.0.0/0 for IPv4 and ::/0 for IPv6', 'write 0.0.0.0/0 or ::/0');
	}

	const prefix = cursor?.parsed('a network such as 10.0.0.0/24', value => toPrefix(value, 'the network'));
	if (!prefix) {
		return undefined;
	}

	const network = networkOf(prefix);
	return network.address === prefix.address ? prefixText(network) : cursor!.refuse(`${prefixText(prefix)} is an address in a network`, 'the destination of a route is a network, without bits behind its length', `write ${prefixText(network)}, or ${prefix.address}/${prefix.family === 4 ? 32 : 128} for the one address`);
}

/** An address alone, in canonical form. */
export function readAddress(cursor: Cursor | undefined, what: string): string | undefined {
	const address = cursor?.parsed('an address such as 20.0.0.1', text => toAddress(text, what))?.address;
	return address !== undefined && isUnusable(address) ? cursor!.refuse(`${address} cannot be ${what}`, 'it is multicast, loopback or unspecified') : address;
}

/** A network's own address: all bits behind the length are 0, and there are two or more. */
export function isWhole(prefix: Prefix): boolean {
	return prefix.family === 4 && prefix.length < 31 && networkOf(prefix).address === prefix.address;
}

/** As parsePrefix, of text that was checked before. */
export function prefixOf(text: string): Prefix {
	return parsePrefix(text)!;
}
