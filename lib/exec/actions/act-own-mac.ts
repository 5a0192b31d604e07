// Gives a VF the MAC back that it had of its own, before one was set on the PF.
import {zeroMac, type Mac} from '../../model/mac.ts';
import type {OwnMacAction} from '../../plan/action.ts';
import {readAttribute} from '../../sysfs/attributes.ts';
import {readDriver} from '../../sysfs/read-pci.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import {deviceUse, readNetdevs, readVfLinks} from '../pci-state.ts';
import {reloadVf} from '../reload-vf.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {currentVfSettings, writeVfSettings} from '../write-vf-settings.ts';
import type {ActionContext, ActionHandler} from './handler.ts';

/** Nothing to do on the way there: the step that follows sets the MAC. On the way back it clears
 * the administrative MAC, and the VF's interface asks for its own, which the PF then grants. */
export const ownMac: ActionHandler<OwnMacAction> = {
	async observe({host}, {pf, index, bdf}) {
		// Whose a MAC is, the kernel does not tell; that the VF is still the same one, it does.
		return readVfLinks(host.files, pf).get(index) === bdf ? 'from' : {other: `VF ${index} of PF ${pf} is not ${bdf} any more`};
	},

	async apply(context, action) {
		const {host, signal} = context;
		const {bdf, mac, to} = action;
		if (to === 'administrative') {
			return;
		}

		const use = deviceUse(host.files, bdf);
		if (use !== undefined) {
			context.note(`${bdf} keeps the MAC that was set on the PF: ${use}`);
			return;
		}

		await writeVfSettings(context, action, {mac: zeroMac});
		const driver = readDriver(host.files, bdf);
		if (driver === null || isVfioDriver(driver)) {
			return;
		}

		await waitUntil(host.clock, {budgetMs: budgets.netdev, signal}, () => readNetdevs(host.files, bdf).length > 0);
		if (readNetdevs(host.files, bdf).length === 0) {
			context.note(`${bdf} has no interface that could have its MAC ${mac} back`);
			return;
		}

		const {got} = await ask(context, action);
		if (got) {
			return;
		}

		// igb of 6.1 resets itself after it made VFs. A driver that started meanwhile is not heard until
		// it starts anew (igbvf_probe: "PF still in reset state").
		await reloadVf(context, bdf, zeroMac);
		const {got: gotNow, said} = await ask(context, action);
		if (!gotNow) {
			throw await stepFailed(host, `${bdf} did not get its own MAC ${mac} back`, {why: said || 'its driver accepted it without an error'});
		}
	},
};

/** The VF's interface asks for the MAC: whether it has it, and what was said. */
async function ask(context: ActionContext, action: OwnMacAction): Promise<{got: boolean; said: string}> {
	const {host, signal} = context;
	const {bdf, mac} = action;
	const [netdev = ''] = readNetdevs(host.files, bdf);
	// The kernel does not tell the driver about an address that the interface has already
	// (dev_set_mac_address in net/core/dev.c), so a neighbouring one goes first.
	const before = readAttribute(host.files, `/sys/class/net/${netdev}/address`) === mac ? [neighbour(mac)] : [];
	let said = '';
	for (const address of [...before, mac]) {
		said = (await host.runner.run(['ip', 'link', 'set', 'dev', netdev, 'address', address])).stderr.trim();
	}

	return {got: await waitUntil(host.clock, {budgetMs: budgets.vfSettings, signal}, async () => hasMac(context, action, netdev)), said};
}

/** The address that differs in the last bit. */
function neighbour(mac: Mac): string {
	return mac.slice(0, -1) + (Number.parseInt(mac.slice(-1), 16) ^ 1).toString(16);
}

async function hasMac({host}: ActionContext, action: OwnMacAction, netdev: string): Promise<boolean> {
	return readAttribute(host.files, `/sys/class/net/${netdev}/address`) === action.mac && (await currentVfSettings(host, action))?.mac === action.mac;
}
