// Drivers of devices.
import type {BindAction} from '../../plan/action.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import {readLinkName} from '../../sysfs/attributes.ts';
import {rebind, setOverride} from '../bind-device.ts';
import {bindingText, deviceExists, devicePath, readBinding} from '../pci-state.ts';
import {settleUdev} from '../settle-udev.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Binds a device through driver_override and drivers_probe. */
export const bind: ActionHandler<BindAction> = {
	async observe({host}, {bdf, physfn, from, to}) {
		if (!deviceExists(host.files, bdf)) {
			return {other: `there is no device ${bdf}`};
		}

		if (physfn !== undefined && physfn !== null && readLinkName(host.files, `${devicePath(bdf)}/physfn`) !== physfn) {
			return {other: `${bdf} is no VF of ${physfn}`};
		}

		const binding = readBinding(host.files, bdf);
		const equals = (other: typeof binding) => binding.driver === other.driver && binding.override === other.override;
		return compare(equals(from), equals(to), `${bdf} has ${bindingText(binding)}`);
	},

	async apply(context, {bdf, physfn, to}) {
		const {host} = context;
		if (!deviceExists(host.files, bdf)) {
			throw await stepFailed(host, `${bdf} cannot be bound`, {why: 'the kernel does not know this device'});
		}

		if (physfn !== undefined && physfn !== null && readLinkName(host.files, `${devicePath(bdf)}/physfn`) !== physfn) {
			throw await stepFailed(host, `${bdf} cannot be bound`, {why: `it is no VF of ${physfn}`});
		}

		const binding = readBinding(host.files, bdf);
		if (binding.driver === to.driver) {
			// Never take a device from a driver that it is to keep.
			await setOverride(host, bdf, to.override);
		} else {
			await rebind(context, bdf, to);
			if (to.driver !== null && !isVfioDriver(to.driver)) {
				// What is planned next needs the name and MAC that stay.
				await settleUdev(host);
			}
		}

		const seen = readBinding(host.files, bdf);
		if (seen.driver !== to.driver || seen.override !== to.override) {
			throw await stepFailed(host, `${bdf} did not take its binding`, {why: `it has ${bindingText(seen)}, wanted was ${bindingText(to)}`});
		}
	},
};
