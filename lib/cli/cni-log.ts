// The log of the CNI plugin: standard output is the runtime's.
import {appendLogLine} from '../exec/append-log.ts';
import {cniLogLevels, type CniLogLevel} from '../formats/cni-config.ts';
import type {Host} from '../host/host.ts';
import {printable, type Output} from '../render/output.ts';

export interface CniLog {
	write(level: CniLogLevel, text: string): void;
	/** Resolves when all is written. */
	flush(): Promise<void>;
}

export interface CniLogOptions {
	/** Less important lines are left out. */
	level: CniLogLevel;
	/** Path; null is standard error. */
	file: string | null;
	/** What the call is about, at the beginning of each line. */
	about: string;
}

/** A log as sriov-cni has it. A file that cannot be written makes no call fail: its lines go to
 * standard error then. */
export function openCniLog(host: Host, out: Output, {level, file, about}: CniLogOptions): CniLog {
	let pending = Promise.resolve();
	return {
		write(of, text) {
			if (cniLogLevels.indexOf(of) > cniLogLevels.indexOf(level)) {
				return;
			}

			const line = printable(`${new Date(host.clock.now()).toISOString()} [${of}] ${about}: ${text}`).replaceAll('\n', ' ');
			pending = pending.then(async () => {
				if (file === null) {
					out.note(line);
					return;
				}

				await appendLogLine(host, file, line).catch((error: Error) => {
					out.note(`${line} (the log file cannot be written: ${error.message})`);
				});
			});
		},
		flush: async () => pending,
	};
}
