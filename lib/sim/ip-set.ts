// `ip link set ...` with iproute2's messages and exit codes (ip/iplink.c): 255 for arguments
// that iproute2 refuses itself, 1 for a device that is not there, 2 for what the kernel refuses.
import type {CommandResult} from '../host/host.ts';
import {parseMac} from '../model/mac.ts';
import type {Errno} from './errno.ts';
import {strerror} from './errno.ts';
import {loseIpv6} from './ip-address.ts';
import {loseRoutes} from './ip-route.ts';
import {recordedList} from './ip-show.ts';
import {bdfOfNetdev, changing} from './machine.ts';
import type {Machine} from './machine.ts';
import {setAddress} from './netdev-address.ts';
import {hostMachine, moveNetdev, namespaceMachine, renameNetdev} from './namespaces.ts';
import {setLink} from './netdevs.ts';
import {forgetRules} from './steering.ts';
import {setVf, vfSupport} from './vf-settings.ts';
import type {VfChange} from './vf-settings.ts';

/** Runs the words after `ip link set`. */
export function ipLinkSet(machine: Machine, words: readonly string[]): CommandResult {
	const rest = words[0] === 'dev' ? words.slice(1) : [...words];
	const [netdev = '', ...options] = rest;
	if (!machine.tree.exists(`/sys/class/net/${netdev}`)) {
		return failed(1, `Cannot find device "${netdev}"`);
	}

	const [first] = options;
	if (options.length === 1 && (first === 'up' || first === 'down')) {
		changing(machine, `ip link set ${netdev} ${first}`);
		setLink(machine, netdev, first === 'up');
		if (first === 'down') {
			loseRoutes(machine, netdev);
			forgetRules(machine, netdev);
		}

		if (first === 'down' && machine.namespaces.host !== undefined) {
			loseIpv6(machine, netdev);
		}

		return succeeded;
	}

	if (first === 'address') {
		const mac = parseMac(options[1] ?? '');
		return mac === undefined ? failed(255, `"${options[1] ?? ''}" is invalid lladdr.`) : setAddress(machine, netdev, mac);
	}

	if (first === 'mtu') {
		return setMtu(machine, netdev, options[1] ?? '');
	}

	if (first === 'vf') {
		return setVfOf(machine, netdev, options.slice(1));
	}

	if (first === 'netns' || first === 'name') {
		return move(machine, netdev, options);
	}

	return failed(255, `Error: either "dev" is duplicate, or "${first}" is a garbage.`);
}

/** `netns NS`, `name NEW` or both. The kernel moves first, under the old name where that is free, and
 * renames then: when the new name is taken it has moved all the same (do_setlink and
 * __dev_change_net_namespace). */
function move(machine: Machine, netdev: string, options: readonly string[]): CommandResult {
	const value = (word: string) => options.includes(word) ? options[options.indexOf(word) + 1] ?? '' : undefined;
	const [netns, name = netdev] = [value('netns'), value('name')];
	const host = hostMachine(machine);
	const target = netns === undefined ? machine : netns === '1' ? host : namespaceMachine(host, netns);
	if (target === undefined) {
		return failed(255, `Error: argument "${netns}" is wrong: Invalid "netns" value\n`);
	}

	changing(machine, `ip link set ${netdev} ${options.join(' ')}`);
	const isTaken = (one: string) => target.tree.exists(`/sys/class/net/${one}`) && (target !== machine || one !== netdev);
	const wasTaken = isTaken(name);
	if (target !== machine && !(wasTaken && isTaken(netdev))) {
		moveNetdev(machine, netdev, target, wasTaken ? netdev : name);
	} else if (target === machine && name !== netdev && !wasTaken) {
		renameNetdev(machine, netdev, name);
	}

	return wasTaken ? failed(2, `RTNETLINK answers: ${strerror.EEXIST}`) : succeeded;
}

// dev_validate_mtu in net/core/dev.c; IPv6 leaves an interface below 1280 bytes (addrconf_notify).
function setMtu(machine: Machine, netdev: string, value: string): CommandResult {
	if (!/^\d+$/.test(value)) {
		return failed(255, `Error: argument "${value}" is wrong: Invalid "mtu" value\n`);
	}

	const link = recordedList(machine, ['ip', '-j', '-d', 'link', 'show']).find(one => one['ifname'] === netdev);
	// Of Ethernet, and of igb, where the record does not tell.
	const {min_mtu: least = 68, max_mtu: most = 9216} = (link ?? {}) as {min_mtu?: number; max_mtu?: number};
	const mtu = Number(value);
	if (mtu < least || mtu > most) {
		return failed(2, `Error: mtu ${mtu < least ? 'less than device minimum' : 'greater than device maximum'}.`);
	}

	changing(machine, `ip link set ${netdev} mtu ${mtu}`);
	machine.tree.putValue(`${machine.tree.find(`/sys/class/net/${netdev}`)?.path ?? ''}/mtu`, mtu);
	if (mtu < 1280) {
		machine.withoutIpv6.add(netdev);
		machine.routes[6] = machine.routes[6].filter(route => route['dev'] !== netdev);
	}

	return succeeded;
}

function setVfOf(machine: Machine, netdev: string, [index = '', ...words]: string[]): CommandResult {
	if (!/^\d+$/.test(index)) {
		return failed(255, `Error: argument "${index}" is wrong: Invalid "vf" value\n`);
	}

	const parsed = parseChange(words);
	if (typeof parsed === 'string') {
		return failed(255, parsed);
	}

	const bdf = bdfOfNetdev(machine, netdev);
	if (bdf !== undefined && vfSupport(machine, bdf)) {
		changing(machine, `set VF ${index} of ${netdev} ${JSON.stringify(parsed)}`);
	}

	const errno: Errno | undefined = bdf === undefined ? 'EOPNOTSUPP' : setVf(machine, bdf, netdev, Number(index), parsed);
	return errno === undefined ? succeeded : failed(2, `RTNETLINK answers: ${strerror[errno]}`);
}

// The words of iplink_parse_vf; a message instead of a change is what iproute2 says.
function parseChange(words: readonly string[]): VfChange | string {
	const change: VfChange = {};
	for (let at = 0; at < words.length; at += 2) {
		const [word = '', value = ''] = words.slice(at, at + 2);
		const number = /^(?:\d+|0x[\da-f]+)$/i.test(value) ? Number(value) : undefined;
		const wrong = `Error: argument "${value}" is wrong: Invalid "${word}" value\n`;
		switch (word) {
			case 'mac': {
				const mac = parseMac(value);
				if (mac === undefined) {
					return `"${value}" is invalid lladdr.`;
				}

				change.mac = mac;
				break;
			}

			case 'vlan':
			case 'qos':
			case 'max_tx_rate':
			case 'min_tx_rate':
			case 'rate': {
				if (number === undefined || (word === 'qos' && change.vlan === undefined)) {
					return wrong;
				}

				change[word === 'vlan' || word === 'qos' ? word : word === 'min_tx_rate' ? 'minTxRate' : 'maxTxRate'] = number;
				break;
			}

			case 'proto': {
				if (!/^802\.1(?:q|ad)$/i.test(value)) {
					return `Error: argument "${value}" is wrong: protocol is invalid\n`;
				}

				change.proto = value.toLowerCase() === '802.1ad' ? '802.1ad' : '802.1Q';
				break;
			}

			case 'spoofchk':
			case 'trust': {
				if (value !== 'on' && value !== 'off') {
					return `Error: argument of "${word}" must be "on" or "off", not "${value}"`;
				}

				change[word] = value === 'on';
				break;
			}

			case 'state': {
				if (value !== 'auto' && value !== 'enable' && value !== 'disable') {
					return wrong;
				}

				change.linkState = value;
				break;
			}

			default: {
				return `Error: either "vf" is duplicate, or "${word}" is a garbage.`;
			}
		}
	}

	return change;
}

const succeeded: CommandResult = {code: 0, stdout: '', stderr: ''};

function failed(code: number, message: string): CommandResult {
	return {code, stdout: '', stderr: `${message.replace(/\n$/, '')}\n`};
}
