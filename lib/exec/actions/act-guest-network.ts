// Addresses, routes and files inside a running guest, through its agent.
import {AppError} from '../../errors.ts';
import {guestIpText, noGuestIp, sameGuestIp} from '../../model/guest-ip.ts';
import type {GuestFileAction, GuestNetworkAction, GuestRef} from '../../plan/action.ts';
import {guestIpCommands} from '../../plan/network-equivalent.ts';
import {guestExec, type GuestAgent} from '../guest-agent.ts';
import {readGuestFile, removeGuestFile, writeGuestFile} from '../guest-files.ts';
import {readGuestInterface} from '../read-guest-network.ts';
import {reloadGuestConfiguration} from '../reload-guest-configuration.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

// Removing an address takes its routes and the other addresses of its network along, so what is
// missing is looked at again.
const mostPasses = 4;

/** Makes the interface with the MAC have what is wanted, and reads it back. */
export const guestNetwork: ActionHandler<GuestNetworkAction> = {
	async observe(context, {guest, mac, from, to, assumed}) {
		if (assumed) {
			return 'from';
		}

		const agent = await agentOf(context, guest);
		if (agent === undefined) {
			return {other: `${guest.name} is not running`};
		}

		const found = await readGuestInterface(agent, mac);
		return compare(found !== null && sameGuestIp(found.ip, from), found !== null && sameGuestIp(found.ip, to),
			found === null ? `${guest.name} has no interface with ${mac}` : `${mac} in ${guest.name} has ${guestIpText(found.ip)}`);
	},

	async apply(context, {guest, mac, to, assumed}) {
		const {host, signal} = context;
		const agent = await agentOf(context, guest);
		if (agent === undefined) {
			context.note(`${guest.name} is off, so nothing is set in it`);
			return;
		}

		let found = await readGuestInterface(agent, mac);
		// Only of an interface that was just plugged in more is to be expected.
		if (found === null && assumed) {
			await waitUntil(host.clock, {budgetMs: budgets.guestInterface, signal}, async () => {
				found = await readGuestInterface(agent, mac);
				return found !== null;
			});
		}

		if (found === null) {
			if (assumed) {
				throw new AppError('GUEST_NO_INTERFACE', `${guest.name} does not show an interface with ${mac}`, {why: `its agent answers, and 'ip link' there does not list it after ${budgets.guestInterface / 1000} s`, fix: `look at dmesg in ${guest.name}`});
			}

			context.note(`${guest.name} has no interface with ${mac} any more`);
			return;
		}

		let said = '';
		for (let pass = 0; pass < mostPasses && !sameGuestIp(found.ip, to); pass++) {
			said = '';
			for (const command of guestIpCommands(found.name, found.ip, to)) {
				const {code, stderr} = await guestExec(agent, command as [string, ...string[]]);
				said ||= code === 0 ? '' : `'${command.join(' ')}': ${stderr.trim().slice(0, 300) || `exit status ${code}`}`;
			}

			const again = await readGuestInterface(agent, mac);
			// The same again would end the same.
			const stuck = said !== '' && again !== null && sameGuestIp(again.ip, found.ip);
			found = again ?? {name: found.name, ip: noGuestIp};
			if (stuck) {
				break;
			}
		}

		if (!sameGuestIp(found.ip, to)) {
			throw await stepFailed(host, `${mac} in ${guest.name} could not be set to ${guestIpText(to)}`, {
				why: said === '' ? `it has ${guestIpText(found.ip)}: a network service of the guest may have changed it back` : `the guest said: ${said}`,
				details: {found: found.ip},
			});
		}
	},
};

/** Writes, replaces or removes one file as a whole, and tells the service that reads it. */
export const guestFile: ActionHandler<GuestFileAction> = {
	async observe(context, {guest, path, from, to}) {
		const agent = await agentOf(context, guest);
		if (agent === undefined) {
			return {other: `${guest.name} is not running`};
		}

		const text = await readGuestFile(agent.libvirt, agent.uuid, path);
		return compare(text === from, text === to, text === null ? `${path} is not there in ${guest.name}` : `${path} in ${guest.name} has other content`);
	},

	async apply(context, {guest, path, to, mode}) {
		const agent = await agentOf(context, guest);
		if (agent === undefined) {
			context.note(`${guest.name} is off: ${path} in it stays as it is`);
			return;
		}

		if (await readGuestFile(agent.libvirt, agent.uuid, path) !== to) {
			await (to === null ? removeGuestFile(agent, path) : writeGuestFile(agent, path, {text: to, mode}));
		}

		if (await readGuestFile(agent.libvirt, agent.uuid, path) !== to) {
			throw await stepFailed(context.host, `${path} in ${guest.name} does not have what was written`, {why: 'reading it back gave something else'});
		}

		const problem = await reloadGuestConfiguration(agent, path);
		if (problem !== undefined) {
			context.note(`${guest.name} reads ${path} when it starts the next time: ${problem}`);
		}
	},
};

/** The agent of a guest that runs; undefined when the guest is off or gone. */
async function agentOf(context: ActionContext, {uuid}: GuestRef): Promise<GuestAgent | undefined> {
	const libvirt = await context.libvirt();
	try {
		const {active} = await libvirt.findDomain(uuid);
		return active ? {libvirt, uuid, clock: context.host.clock} : undefined;
	} catch (error) {
		if (error instanceof AppError && error.code === 'GUEST_NOT_FOUND') {
			return undefined;
		}

		throw error;
	}
}
