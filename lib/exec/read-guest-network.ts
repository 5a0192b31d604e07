// What an interface of a running guest has, and how the guest keeps its own configuration.
import type {Clock} from '../host/host.ts';
import {AppError} from '../errors.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {GuestFileFormat, GuestIp} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import {guestExec, guestName, type GuestAgent} from './guest-agent.ts';
import {chooseGuestLink, parseGuestIp, parseGuestLinks} from './guest-ip-text.ts';

/** The interface with the MAC as it is now; null when there is none. Throws NO_AGENT, UNSUPPORTED
 * (guest-exec is forbidden, no `ip` in the guest) or STEP_FAILED. */
export async function readGuestNetwork(libvirt: Libvirt, uuid: string, mac: Mac, clock: Clock): Promise<GuestIp | null> {
	return (await readGuestInterface({libvirt, uuid, clock}, mac))?.ip ?? null;
}

/** The same with the name of the interface. */
export async function readGuestInterface(agent: GuestAgent, mac: Mac): Promise<{name: string; ip: GuestIp} | null> {
	const link = chooseGuestLink(parseGuestLinks(await ipText(agent, ['-o', 'link', 'show'])), mac);
	if (!link) {
		return null;
	}

	const {name} = link;
	const addresses = await ipText(agent, ['-o', 'addr', 'show', 'dev', name]);
	const routes = await ipText(agent, ['route', 'show', 'dev', name]);
	// Fails where IPv6 is switched off, which is the same as no routes.
	const {code, stdout: routes6} = await guestExec(agent, ['ip', '-6', 'route', 'show', 'dev', name]);
	return {name, ip: parseGuestIp(link, {addresses, routes, routes6: code === 0 ? routes6 : ''})};
}

/** How the guest keeps its network configuration; null when it is none that vfctl writes. */
export async function detectGuestFileFormat(libvirt: Libvirt, uuid: string, clock: Clock): Promise<GuestFileFormat | null> {
	const agent = {libvirt, uuid, clock};
	if (await succeeds(agent, ['ls', '-d', '/etc/netplan', '/usr/sbin/netplan'])) {
		return 'netplan';
	}

	return await succeeds(agent, ['systemctl', '--quiet', 'is-active', 'NetworkManager'])
		? 'networkmanager'
		: await succeeds(agent, ['systemctl', '--quiet', 'is-active', 'systemd-networkd']) ? 'networkd' : null;
}

/** False also when the guest has no such program. */
async function succeeds(agent: GuestAgent, argv: readonly [string, ...string[]]): Promise<boolean> {
	try {
		return (await guestExec(agent, argv)).code === 0;
	} catch (error) {
		if (error instanceof AppError && error.code === 'UNSUPPORTED' && /child process/.test(error.why ?? '')) {
			return false;
		}

		throw error;
	}
}

async function ipText(agent: GuestAgent, words: readonly string[]): Promise<string> {
	const {code, stdout, stderr} = await guestExec(agent, ['ip', ...words]);
	if (code !== 0) {
		throw new AppError('STEP_FAILED', `'ip ${words.join(' ')}' failed in ${await guestName(agent)}`, {why: stderr.trim().slice(0, 300) || `exit status ${code}`});
	}

	return stdout;
}
