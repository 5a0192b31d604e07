// Settings of VFs as their PF tells them: `ip -j -d link show` (print_vfinfo in iproute2's
// ip/ipaddress.c).
import {AppError} from '../errors.ts';
import type {Runner} from '../host/host.ts';
import {parseMac} from '../model/mac.ts';
import type {LinkState, VfSettings, VlanProtocol} from '../model/vf-settings.ts';

interface IpVlan {
	vlan?: number;
	qos?: number;
	protocol?: string;
}

interface IpVf extends IpVlan {
	vf?: number;
	address?: string;
	vlan_list?: IpVlan[];
	tx_rate?: number;
	rate?: {max_tx?: number; min_tx?: number};
	spoofchk?: boolean;
	trust?: boolean;
	link_state?: string;
}

interface IpLink {
	ifname?: string;
	vfinfo_list?: IpVf[];
}

/** Settings of the VFs of all PFs, or of one, by interface name of the PF and VF index; empty
 * when there is no such interface. */
export async function readVfSettings(runner: Runner, netdev?: string): Promise<Map<string, VfSettings[]>> {
	const argv = ['ip', '-j', '-d', 'link', 'show', ...(netdev === undefined ? [] : ['dev', netdev])] as [string, ...string[]];
	const {code, stdout, stderr} = await runner.run(argv);
	if (code === 0) {
		return parseIpLink(stdout);
	}

	if (netdev !== undefined && /does not exist|Cannot find device/i.test(stderr)) {
		return new Map();
	}

	throw new AppError('STEP_FAILED', `'${argv.join(' ')}' failed`, {why: stderr.trim() || `exit status ${code}`});
}

/** The same from the program's output. Interfaces without VFs are left out. When the kernel's
 * answer was too short for all VFs ("Truncated VF list" on stderr), the last ones are missing. */
export function parseIpLink(json: string): Map<string, VfSettings[]> {
	const settings = new Map<string, VfSettings[]>();
	for (const {ifname, vfinfo_list: vfs} of parseArray(json)) {
		if (ifname !== undefined && Array.isArray(vfs)) {
			const list: VfSettings[] = [];
			for (const vf of vfs) {
				// The kernel counts from 0 without gaps (rtnl_fill_vf); an entry out of turn is not ours to guess.
				if (vf.vf === list.length) {
					list.push(parseVf(vf));
				}
			}

			settings.set(ifname, list);
		}
	}

	return settings;
}

function parseVf(vf: IpVf): VfSettings {
	// `vlan_list` is `[{}]` without a VLAN; kernels without the list give flat keys.
	const {vlan = 0, qos = 0, protocol} = vf.vlan_list?.[0] ?? vf;
	return {
		// InfiniBand has 20 bytes there, which is no MAC.
		mac: vf.address === undefined ? null : parseMac(vf.address) ?? null,
		// Mellanox drivers say 4095 for "no VLAN".
		vlan: vlan === 4095 ? 0 : vlan,
		qos,
		vlanProto: parseProtocol(protocol),
		// Absent when the driver answers -1, which means it does not have the setting.
		spoofchk: parseSwitch(vf.spoofchk),
		trust: parseSwitch(vf.trust),
		minTxRateMbps: vf.rate?.min_tx ?? null,
		maxTxRateMbps: vf.rate?.max_tx ?? vf.tx_rate ?? null,
		linkState: parseLinkState(vf.link_state),
	};
}

/** 802.1Q is what the kernel means when it says nothing. */
function parseProtocol(text: string | undefined): VlanProtocol {
	return text?.toLowerCase() === '802.1ad' ? '802.1ad' : '802.1q';
}

// Some releases print the words instead of JSON's own.
function parseSwitch(value: unknown): boolean | null {
	return value === true || value === 'on' ? true : value === false || value === 'off' ? false : null;
}

function parseLinkState(text: string | undefined): LinkState | null {
	return text === 'auto' || text === 'enable' || text === 'disable' ? text : null;
}

function parseArray(json: string): IpLink[] {
	let parsed: unknown;
	try {
		parsed = json.trim() === '' ? [] : JSON.parse(json);
	} catch (error) {
		throw new AppError('STEP_FAILED', '\'ip -j link\' answered something that is not JSON', {why: String(error), fix: 'apt-get install --reinstall iproute2', cause: error});
	}

	return Array.isArray(parsed) ? parsed.filter(entry => typeof entry === 'object' && entry !== null) as IpLink[] : [];
}
