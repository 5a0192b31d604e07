// The udev rule that binds one device again at every boot.
import type {Bdf} from '../model/bdf.ts';

/** Where the rule of a device lives. */
export function bindingRulePath(bdf: Bdf): string {
	return `/etc/udev/rules.d/70-vfctl-${bdf}.rules`;
}

/** The rule. A VF is made after boot, and the kernel may have probed its usual driver before
 * udev sees it: so the override is set first and the device probed anew. */
export function bindingRule(bdf: Bdf, driver: string): string {
	const device = `/sys/bus/pci/devices/${bdf}`;
	return [
		`# Written by vfctl bind --persist; vfctl restore ${bdf} removes it.`,
		`ACTION=="add", SUBSYSTEM=="pci", KERNEL=="${bdf}", ATTR{driver_override}="${driver}", RUN+="/sbin/modprobe ${driver}", RUN+="/bin/sh -c '[ -e ${device}/driver ] && echo ${bdf} > ${device}/driver/unbind; echo ${bdf} > /sys/bus/pci/drivers_probe'"`,
		'',
	].join('\n');
}

/** The driver that such a rule binds; undefined when there is no rule, or one of somebody else. */
export function ruleDriver(rule: string | undefined): string | undefined {
	return /\bATTR\{driver_override\}="([\w-]+)"/.exec(rule ?? '')?.[1];
}
