// PCI functions that come, go, or get another driver: the kernel's uevents through udevadm.
import type {Host} from '../../host/host.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {parseUeventLine, type UeventLine} from '../../sysfs/parse-uevent-line.ts';
import type {DeviceNames} from './device-names.ts';
import {followLines} from './follow-lines.ts';

export const ueventCommand = ['udevadm', 'monitor', '--kernel', '--subsystem-match=pci'] as const;

/** Watches until the signal comes; resolves to why it cannot, or undefined. */
export async function watchDevices(host: Host, names: DeviceNames, signal: AbortSignal, tell: (event: WatchEvent) => void): Promise<string | undefined> {
	return followLines(host, ueventCommand, signal, line => {
		const event = parseUeventLine(line);
		const told = event && eventOf(event, names);
		if (told) {
			tell(told);
		}
	});
}

function eventOf({action, bdf}: UeventLine, names: DeviceNames): WatchEvent | undefined {
	const was = names.before(bdf);
	const about = names.allOf(bdf);
	if (action === 'remove') {
		names.forget(bdf);
		return {source: 'device', severity: was?.pf ? 'harmless' : 'warning', subject: bdf, about, text: `${was?.name ?? bdf} (${bdf}) is gone`, details: {action, bdf}};
	}

	const {name, driver} = names.now(bdf);
	const called = name === bdf ? bdf : `${name} (${bdf})`;
	const made = (text: string): WatchEvent => ({source: 'device', severity: 'harmless', subject: bdf, about: [...new Set([...about, ...names.allOf(bdf)])], text: `${called} ${text}`, details: {action, bdf, driver}});
	switch (action) {
		case 'add': {
			return made('has appeared');
		}

		case 'bind': {
			return made(driver === null ? 'had a driver for a moment' : isVfioDriver(driver) ? `is on ${driver}: given to a guest or a DPDK program` : `is on ${driver}: the host has it`);
		}

		case 'unbind': {
			return made(`was let go by ${was?.driver ?? 'its driver'}`);
		}

		default: {
			return undefined;
		}
	}
}
