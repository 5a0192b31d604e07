// Lines of `udevadm monitor --kernel` (print_device in systemd's src/udev/udevadm-monitor.c).
import {parseBdf, type Bdf} from '../model/bdf.ts';

export interface UeventLine {
	/** add, remove, bind, unbind, change, move, online, offline. */
	readonly action: string;
	/** Of a PCI function. */
	readonly bdf: Bdf;
}

/** What happened to a PCI function, or undefined for other lines. */
export function parseUeventLine(line: string): UeventLine | undefined {
	const match = /^KERNEL\[[\d.]{1,30}\] +(\w{1,16}) +\/devices\/\S*?\/?([\da-f:.]{7,20}) +\(pci\)$/.exec(line.trimEnd());
	const bdf = parseBdf(match?.[2] ?? '');
	return match && bdf !== undefined ? {action: match[1] ?? '', bdf} : undefined;
}
