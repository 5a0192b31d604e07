// One line of a log, in any of the forms in which kernels, journals, libvirt and QEMU write them:
// its time and its source taken off, what is said left. printk's prefixes (kernel/printk/printk.c,
// drivers/base/core.c, net/core/dev.c), dmesg(1), journalctl(1) output modes, RFC 3164 and 5424,
// libvirt's src/util/virlog.c, QEMU's util/error-report.c.
import {parseBdf, type Bdf} from '../bdf.ts';
import {jsonLine} from './log-json.ts';
import {takeTime, type LogTime} from './log-time.ts';
import {longestText} from './pattern-cost.ts';

export interface LogLine {
	readonly time: LogTime;
	/** Severity as syslog counts it: 0 is the worst, 7 is debug; null where the line tells none. */
	readonly level: number | null;
	/** Who wrote the line, as syslog names it (`kernel`, `libvirtd`); null where it does not say. */
	readonly program: string | null;
	/** The driver that speaks for a device, or the subsystem before the first colon of a kernel's line. */
	readonly driver: string | null;
	readonly bdf: Bdf | null;
	readonly netdev: string | null;
	/** What is said, behind all prefixes. */
	readonly text: string;
	/** The same with the prefix of its device, as the kernel or the program wrote it. */
	readonly message: string;
}

/** The line taken apart. Never throws: what is no known prefix is text. */
export function parseLogLine(raw: string): LogLine {
	const line = clean(raw);
	const json = line.startsWith('{') || /^\s*"(?:msg|MESSAGE)"\s*:/.test(line) ? jsonLine(line) : undefined;
	if (json !== undefined) {
		const message = clean(json.message);
		return {...sourceOf(message, json.program), time: json.time, level: json.level};
	}

	const {time, level, rest} = takeTime(line);
	return programLine(rest, time, level);
}

/** Colours and other control sequences away; other control characters as blanks. */
export function clean(raw: string): string {
	// eslint-disable-next-line no-control-regex
	const plain = /[\u0000-\u001F\u007F-\u009F]/.test(raw) ? raw.replaceAll(/\u001B(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g, '').replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, ' ') : raw;
	return plain.slice(0, longestText).trimEnd();
}

function programLine(rest: string, time: LogTime, level: number | null): LogLine {
	// libvirtd's own files: `1234: error : virFunction:12 : text`.
	const [libvirt, word, message] = /^\d{1,9}: (debug|info|warning|error) : (?:[\w.]{1,80}:\d{1,7} : )?(.*)$/.exec(rest) ?? [];
	if (libvirt !== undefined) {
		return {...sourceOf(message!, 'libvirtd'), time, level: {debug: 7, info: 6, warning: 4, error: 3}[word as 'error']};
	}

	// syslog and journalctl. What is pasted often begins with `kernel:`, the time and the host cut away.
	const [, fromKernel] = rest.includes('kernel: ') ? /^(?:[\w.-]{1,64} )?kernel: (.*)$/.exec(rest) ?? [] : [];
	if (fromKernel !== undefined) {
		// rsyslog keeps the kernel's own time behind it.
		const inner = takeTime(fromKernel);
		return {...sourceOf(inner.rest, 'kernel'), time: time.stamp === null ? inner.time : time, level: inner.level ?? level};
	}

	// A host, then `program[pid]:`. Behind a time of the kernel alone what follows is mostly a driver.
	const dated = time.wallMs !== null || time.stamp?.includes(':') === true;
	const [head, program, pid, said] = dated || rest.includes(']: ') ? /^[\w.-]{1,64} ([\w.@/-]{1,64}?)(\[\d{1,9}\])?: (.*)$/.exec(rest) ?? [] : [];
	if (head !== undefined && (pid !== undefined || dated)) {
		return {...sourceOf(said!, baseName(program!)), time, level};
	}

	// `program: text` and `program[pid]: text`, of programs that write their log themselves.
	const [own, name, ownText] = /^(?:\/[\w./-]{1,80}\/)?(qemu-[\w-]{1,40}|qemu|kvm|libvirtd|virt[a-z]{3,12}d|virsh)(?:\[\d{1,9}\])?: (.*)$/.exec(rest) ?? [];
	return {...own === undefined ? sourceOf(rest, null) : sourceOf(ownText!, name!), time, level};
}

type Source = Omit<LogLine, 'time' | 'level'>;

/** The device and driver of a message: `ixgbe 0000:03:00.1 ens6f1: text`, `vfio-pci 0000:03:10.0:
 * text`, `arm-smmu-v3 arm-smmu-v3.0.auto: text`, `ixgbevf: text`. */
function sourceOf(message: string, program: string | null): Source {
	const [device, driver, address, netdev, text] = /^([\w-]{1,32}) ([\w.:-]{0,39}[\w.-])(?: (\(unnamed net_device\)|[^\s:()]{1,32})(?: \((?:un)?(?:initialized|registering|registered)\))?)?: (.*)$/.exec(message) ?? [];
	const bdf = address === undefined ? undefined : parseBdf(address);
	if (device !== undefined && (bdf !== undefined || (netdev === undefined && /\d/.test(address!)))) {
		return {program, driver: driver!, bdf: bdf ?? null, netdev: netdev === undefined || netdev.startsWith('(') ? null : netdev, text: text!, message};
	}

	const [module, name, rest] = /^([\w-]{1,32}): (.*)$/.exec(message) ?? [];
	return {program, driver: module === undefined ? null : name!, bdf: null, netdev: null, text: module === undefined ? message : rest!, message};
}

function baseName(program: string): string {
	return program.slice(program.lastIndexOf('/') + 1);
}
