// The only door to the machine. Everything that reads or writes a host gets one of these
// passed in, so that a host can be the real one or a text record played by lib/sim.
import type {Libvirt} from '../libvirt/libvirt.ts';

/** Reads files of a host. Paths are absolute paths of that host. Synchronous: sysfs answers
 * from memory, and one process reads thousands of small attributes. */
export interface FileReader {
	/** Content as text, or undefined when it is not there or cannot be read (sysfs answers
	 * EINVAL, EIO or ENODEV for attributes that have no value at the moment). */
	readText(path: string): string | undefined;
	/** Raw content (PCI config space), or undefined as above. */
	readBytes(path: string): Uint8Array | undefined;
	/** Target of a symbolic link as written, or undefined when it is not a link. */
	readLink(path: string): string | undefined;
	/** Entry names, sorted; empty when it is not a directory. */
	list(path: string): readonly string[];
	exists(path: string): boolean;
}

/** Reads and writes files of a host. Only lib/exec uses the writing half. */
export interface HostFiles extends FileReader {
	/** One write(2) to an existing kernel attribute. Rejects with the errno as `.code`
	 * (a NodeJS.ErrnoException). Never creates a file. */
	writeAttribute(path: string, value: string): Promise<void>;
	/** Replaces a regular file atomically and durably (temporary file, fsync, rename, fsync of
	 * the directory); creates missing directories. Without `mode` a file keeps its own, less what
	 * lets others write, and a new one gets 0644. */
	writeFile(path: string, text: string, mode?: number): Promise<void>;
	/** Appends to a regular file and fsyncs it (and its directory when it was created). */
	appendDurably(path: string, text: string): Promise<void>;
	/** Removes a regular file; nothing happens when it is not there. */
	removeFile(path: string): Promise<void>;
	/** Takes the exclusive lock that the kernel frees when the holder dies. Resolves to the
	 * releasing function. `onWait` is called once, with what the holder wrote about itself.
	 * Rejects with LOCKED after `timeoutMs`. */
	lock(path: string, options: LockOptions): Promise<() => Promise<void>>;
}

export interface LockOptions {
	timeoutMs: number;
	/** One line about this process, for those who wait. */
	holder: string;
	onWait?: (holder: string) => void;
	/** Stops the waiting with INTERRUPTED. */
	signal?: AbortSignal | undefined;
}

export interface CommandResult {
	code: number;
	stdout: string;
	stderr: string;
}

export interface RunOptions {
	input?: string;
	/** Infinity: as long as it takes. */
	timeoutMs?: number;
	/** Takes what the program prints as it comes; `stdout` is empty then. For programs that go on
	 * until `signal` ends them. */
	onOutput?: (chunk: Uint8Array) => void;
	/** The whole environment, instead of PATH and LC_ALL alone. */
	env?: Readonly<Record<string, string>>;
	/** The program is stopped when it prints more. */
	maxOutputBytes?: number;
	/** Ends the program, with everything it started; it resolves then as one that was killed. */
	signal?: AbortSignal | undefined;
}

/** Runs programs without a shell, with LC_ALL=C. Resolves whatever the exit code is; rejects
 * with TOOL_MISSING when the program is not installed and STEP_FAILED when it timed out. */
export interface Runner {
	run(argv: readonly [string, ...string[]], options?: RunOptions): Promise<CommandResult>;
}

export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	/** Milliseconds that never jump, for measuring and waiting. */
	monotonicMs(): number;
	sleep(ms: number): Promise<void>;
}

/** One machine: its files, programs, clock and libvirt. */
export interface Host {
	/** 'live', or the name of the record that is played. */
	readonly name: string;
	readonly files: HostFiles;
	readonly runner: Runner;
	readonly clock: Clock;
	/** Environment of the calling process on that machine (SSH_CONNECTION), and its pid; 0 is unknown. */
	readonly caller: {readonly pid: number; readonly uid: number; readonly env: Readonly<Record<string, string | undefined>>};
	/** Only libvirt can be asked: it is another machine (remote-host.ts). */
	readonly libvirtAlone?: true;
	/** Opens libvirt, or rejects with LIBVIRT_MISSING or LIBVIRT_UNREACHABLE. */
	openLibvirt(uri: string): Promise<Libvirt>;
}
