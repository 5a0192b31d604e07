// What the guest itself sees.
import {AppError} from '../../errors.ts';
import type {CheckGuestAction} from '../../plan/action.ts';
import {parseMac} from '../../model/mac.ts';
import {waitUntil} from '../wait.ts';
import type {ActionHandler} from './handler.ts';

/** Waits until the guest agent shows an interface with the MAC. Changes nothing. */
export const checkGuest: ActionHandler<CheckGuestAction> = {
	async observe() {
		return 'from';
	},

	async apply(context, {guest, mac, timeoutMs, pair = false}) {
		const {host, signal} = context;
		const libvirt = await context.libvirt();
		let seen = 0;
		let names: readonly string[] | undefined;
		const isSeen = async () => {
			const interfaces = await libvirt.guestInterfaces(guest.uuid);
			names = interfaces?.map(({name}) => name) ?? names;
			seen = interfaces?.filter(one => one.mac !== undefined && parseMac(one.mac) === mac).length ?? seen;
			// net_failover has an interface of its own above the virtio one and the VF.
			return seen >= (pair ? 3 : 1);
		};

		if (await waitUntil(host.clock, {budgetMs: timeoutMs, signal}, isSeen)) {
			return;
		}

		if (names === undefined) {
			context.note(`the agent of ${guest.name} did not answer, so it is not known whether the guest uses the VF`);
			return;
		}

		if (pair && seen === 2) {
			context.note(`${guest.name} shows two interfaces with ${mac} instead of three: its driver did not take the VF, or it has no net_failover and uses both side by side`);
			return;
		}

		throw new AppError('GUEST_NO_INTERFACE', `${guest.name} does not show an interface with ${mac}`, {
			why: `its agent answers and lists ${names.join(', ') || 'none'} after ${timeoutMs / 1000} s: the guest has no driver for the VF, or it failed to start`,
			fix: `look at dmesg in ${guest.name}; --guest-timeout 0 leaves this check out`,
			details: {interfaces: names},
		});
	},
};
