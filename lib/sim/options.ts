// What a test can make go wrong or slow on a simulated host. Nothing here is for production.
import type {CommandResult} from '../host/host.ts';
import type {Errno} from './errno.ts';

interface Failure {
	/** How often it happens; always when absent. */
	times?: number;
	/** How many matching calls pass before it happens. */
	skip?: number;
}

/** A write to a kernel attribute that fails. */
export interface WriteFailure extends Failure {
	/** Matched against the path that is written and the path without links. */
	path: RegExp;
	value?: RegExp;
	errno: Errno;
}

/** A program that fails. */
export interface CommandFailure extends Failure {
	/** Matched against the words joined by blanks. */
	command: RegExp;
	result: Partial<CommandResult>;
}

/** A libvirt call that fails. */
export interface LibvirtFailure extends Failure {
	call: 'attachDevice' | 'detachDevice' | 'listDomains' | 'findDomain' | 'listNetworks' | 'defineNetwork' | 'undefineNetwork' | 'startNetwork' | 'stopNetwork' | 'setNetworkAutostart' | 'updateLease' | 'agentCommand';
	target?: 'live' | 'config';
	/** virErrorNumber; 1 is VIR_ERR_INTERNAL_ERROR. */
	libvirtCode?: number;
	message?: string;
}

export interface SimOptions {
	/** Name of the host in messages; the record's when absent. */
	name?: string;
	uid?: number;
	env?: Readonly<Record<string, string>>;
	/** `missing`: the client library is not installed; `unreachable`: the daemon is not running. */
	libvirt?: 'missing' | 'unreachable';
	writeFailures?: readonly WriteFailure[];
	commandFailures?: readonly CommandFailure[];
	libvirtFailures?: readonly LibvirtFailure[];
	/** Programs that are not installed. */
	missingTools?: readonly string[];
	/** More programs; first word is the name. */
	tools?: Readonly<Record<string, (argv: readonly string[]) => CommandResult>>;
	/** Programs that go on and on, for those who take their output as it comes: told how to print; the
	 * signal ends them. */
	streams?: Readonly<Record<string, (print: (text: string) => void, argv: readonly string[]) => void>>;
	/** Drivers that match but never bind (a probe that fails with ENODEV). */
	deadDrivers?: readonly string[];
	/** The interface of a VF appears so long after its driver was bound (udev, slow probes). */
	netdevDelayMs?: number;
	/** udev gives an interface with a random MAC a lasting one so long after it appeared
	 * (MACAddressPolicy=persistent, systemd.link(5)); never when absent. */
	udevMs?: number;
	/** The PF resets itself after it made VFs, as igb of 6.1 does: their drivers are not heard until they start
	 * anew ("PF still in reset state", igbvf_probe). */
	deafNewVfs?: boolean;
	/** A write to sriov_numvfs takes so long per VF; igb in the lab takes 150 ms. */
	numvfsMsPerVf?: number;
	/** VFs that are enabled but never appear (field.md 2, row 15). */
	lostVfs?: readonly string[];
	/** Memory is in pieces: no node gives more pages of a size than this. */
	scatteredMemory?: ReadonlyArray<{sizeKiB: number; pages: number}>;
	/** A guest lets go of a device so long after it was asked; 0 by default. */
	unplugDelayMs?: number;
	/** Guests that never let go. */
	guestsKeepDevices?: readonly string[];
	/** Guests in which no interface appears: no driver inside. */
	guestsWithoutDriver?: readonly string[];
	/** An interface appears in the guest so long after the attach. */
	guestDelayMs?: number;
	/** Dialect of `ip` in guests; iproute2 by default. */
	guestIpDialect?: 'iproute2' | 'busybox';
	/** systemd units that run in guests; without any the guests have no systemd. */
	guestServices?: readonly string[];
	/** Programs that fail in guests. */
	guestCommandFailures?: readonly CommandFailure[];
	/** Commands that guest agents must not run, as on Red Hat. */
	agentForbids?: readonly string[];
	/** PFs whose link stays down when they are set up, by interface name. */
	cablesOut?: readonly string[];
	/** Called before each change to the host, with what it is; throwing makes a crash there. */
	beforeChange?: (what: string) => void;
}

/** Whether a failure happens at this call; counts its calls. */
export function failureHappens(counts: Map<object, number>, failure: Failure): boolean {
	const seen = counts.get(failure) ?? 0;
	counts.set(failure, seen + 1);
	const skip = failure.skip ?? 0;
	return seen >= skip && seen < skip + (failure.times ?? Number.POSITIVE_INFINITY);
}
