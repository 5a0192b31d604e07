// Every way vfctl can fail has a code here; docs/exit-codes.md is generated from this table.

/** Exit statuses by meaning. Scripts and Ansible rely on the numbers, so they never change. */
export const exitStatuses = {
	ok: 0,
	bug: 1,
	usage: 2,
	refused: 3,
	notFound: 4,
	rolledBack: 5,
	rollbackIncomplete: 6,
	busy: 7,
	unavailable: 8,
	declined: 9,
	differs: 10,
	trouble: 11,
	warnings: 12,
	notLooked: 13,
	interrupted: 130,
} as const;

export type ExitMeaning = keyof typeof exitStatuses;

/** The closed list of error codes: exit meaning and one sentence for the documentation. */
export const errorCodes = {
	BUG: {exit: 'bug', meaning: 'vfctl met a state it did not expect; please report it with --debug output'},
	USAGE: {exit: 'usage', meaning: 'the command line does not make sense'},
	BAD_BDF: {exit: 'usage', meaning: 'a PCI address is not of the form DDDD:BB:SS.F'},
	BAD_MAC: {exit: 'usage', meaning: 'a MAC address is malformed, multicast or all zero'},
	BAD_VLAN: {exit: 'usage', meaning: 'a VLAN id, priority or protocol is out of range'},
	BAD_RATE: {exit: 'usage', meaning: 'a rate is not a whole number of Mbit/s, or the minimum is above the maximum'},
	BAD_COUNT: {exit: 'usage', meaning: 'a VF count is not a whole number or more than the PF has'},
	BAD_ADDRESS: {exit: 'usage', meaning: 'an IP address, network or gateway is malformed or cannot be used there'},
	BAD_CPUS: {exit: 'usage', meaning: 'a CPU list is malformed, or names CPUs that are not online'},
	BAD_CNI: {exit: 'usage', meaning: 'a CNI configuration or its environment is not what the specification says'},
	BAD_HOST_FILE: {exit: 'usage', meaning: 'a host file does not say what a host can be; the message names the place in it'},
	BAD_RECORD: {exit: 'usage', meaning: 'a host record is damaged or of another version'},
	BAD_PLAN: {exit: 'usage', meaning: 'a saved plan is damaged or of another version'},
	NOT_ROOT: {exit: 'refused', meaning: 'the command changes the host and needs root'},
	PF_NOT_FOUND: {exit: 'notFound', meaning: 'no PF has that name or address'},
	VF_NOT_FOUND: {exit: 'notFound', meaning: 'no VF has that name or address'},
	GUEST_NOT_FOUND: {exit: 'notFound', meaning: 'libvirt knows no guest of that name'},
	POOL_NOT_FOUND: {exit: 'notFound', meaning: 'libvirt knows no hostdev network of that name'},
	NETWORK_NOT_FOUND: {exit: 'notFound', meaning: 'libvirt knows no network of that name'},
	ROUTE_NOT_FOUND: {exit: 'notFound', meaning: 'there is no such route'},
	LEASE_NOT_FOUND: {exit: 'notFound', meaning: 'the network has no static lease for that MAC address'},
	NETNS_NOT_FOUND: {exit: 'notFound', meaning: 'there is no network namespace of that name or path'},
	RULE_NOT_FOUND: {exit: 'notFound', meaning: 'the card has no steering rule at that location'},
	OPERATION_NOT_FOUND: {exit: 'notFound', meaning: 'the journal has no operation of that number'},
	NOT_ATTACHED: {exit: 'notFound', meaning: 'the guest or namespace does not have that VF'},
	NO_FREE_VF: {exit: 'refused', meaning: 'every VF of the PF or pool is taken; the message says by whom'},
	PF_NOT_VF: {exit: 'refused', meaning: 'a PF was named where only a VF may be given away'},
	NOT_SRIOV: {exit: 'refused', meaning: 'the device is neither an SR-IOV PF nor a VF'},
	PF_IN_USE: {exit: 'refused', meaning: 'the driver of a PF would be replaced while it has VFs, addresses or routes'},
	PF_NO_DRIVER: {exit: 'refused', meaning: 'the PF has no kernel network driver, so its VFs cannot be set'},
	MANAGEMENT_INTERFACE: {exit: 'refused', meaning: 'the device carries the connection the admin came in on'},
	HOST_NETWORK: {exit: 'refused', meaning: 'the device carries addresses of the host, directly or below a bond, bridge or VLAN'},
	DISK_CONTROLLER: {exit: 'refused', meaning: 'mounted disks of the host hang on the device'},
	GROUP_NOT_VIABLE: {exit: 'refused', meaning: 'another member of the IOMMU group belongs to the host'},
	IOMMU_OFF: {exit: 'refused', meaning: 'the IOMMU does not translate: no device can be given to a guest'},
	NO_INTERRUPT_REMAPPING: {exit: 'refused', meaning: 'the platform does not remap interrupts'},
	VF_HELD: {exit: 'refused', meaning: 'the VF is held by a guest, a namespace, a process or the host'},
	VFS_IN_USE: {exit: 'refused', meaning: 'the VF count cannot change while VFs are in use'},
	MAC_IN_USE: {exit: 'refused', meaning: 'the MAC address is already on this host'},
	ADDRESS_CONFLICT: {exit: 'refused', meaning: 'an address or network is already in use, or overlaps with another'},
	ROUTE_CONFLICT: {exit: 'refused', meaning: 'a route contradicts one that is there, or would cut the connection the admin came in on'},
	POOL_EXISTS: {exit: 'refused', meaning: 'libvirt has a network of that name already'},
	POOL_IN_USE: {exit: 'refused', meaning: 'guests have VFs of the pool, so it cannot change now'},
	MEMORY_IN_USE: {exit: 'refused', meaning: 'huge pages that were to be taken away are in use'},
	NO_MEMORY: {exit: 'refused', meaning: 'the host would not keep enough memory for itself'},
	NETDEV_EXISTS: {exit: 'refused', meaning: 'the namespace has an interface of that name already'},
	RULE_CONFLICT: {exit: 'refused', meaning: 'a steering rule contradicts one that the card has'},
	NO_SHARED_MEMORY: {exit: 'refused', meaning: 'the memory of the guest is not shared, so no other process can reach it'},
	LEASE_CONFLICT: {exit: 'refused', meaning: 'the address or MAC of a static lease belongs to another one, or is outside the network'},
	NETWORK_BROKEN: {exit: 'refused', meaning: 'a libvirt network cannot be started; the message says what is wrong with the host'},
	NO_AGENT: {exit: 'refused', meaning: 'the guest has no guest agent that answers, and what was asked needs one'},
	NO_KERNEL_SOURCE: {exit: 'notFound', meaning: 'the source or the headers of a kernel, or a program to build with, are not on this host'},
	KERNEL_MISMATCH: {exit: 'refused', meaning: 'source, headers and kernel are not of the same version, so what would be built could not be trusted'},
	DRIVER_BUILD_FAILED: {exit: 'unavailable', meaning: 'the PF driver could not be patched or compiled; the message says where and why'},
	DRIVER_NOT_BUILT: {exit: 'notFound', meaning: 'there is no driver of vfctl for that kernel yet'},
	DRIVER_IN_USE: {exit: 'refused', meaning: 'the PF driver cannot be exchanged while guests, namespaces or the host use its devices'},
	KERNEL_LOCKDOWN: {exit: 'refused', meaning: 'the kernel takes only signed modules, and this one is not signed with a key it knows'},
	UNSUPPORTED: {exit: 'refused', meaning: 'the driver, libvirt or the chosen method cannot do what was asked'},
	NO_PCI_SLOT: {exit: 'refused', meaning: 'the running guest has no free PCIe port for a hot-plugged device'},
	RISK_NOT_ACCEPTED: {exit: 'refused', meaning: 'the plan contains a named risk that was not accepted'},
	CONFIRMATION_NEEDED: {exit: 'declined', meaning: 'a destructive command was not confirmed; nothing was changed'},
	PLAN_STALE: {exit: 'refused', meaning: 'the host changed between planning and doing'},
	NEEDS_RECOVERY: {exit: 'refused', meaning: 'an earlier operation was cut off; `vfctl recover` must come first'},
	UNSAFE_DIRECTORY: {exit: 'refused', meaning: 'other users can write to a directory that vfctl keeps its state or configuration in'},
	LOCKED: {exit: 'busy', meaning: 'another vfctl did not finish within the waiting time'},
	REMOTE_HOST: {exit: 'refused', meaning: 'the command needs the host itself, and --connect leads to another one'},
	LIBVIRT_MISSING: {exit: 'unavailable', meaning: 'the libvirt client library is not installed'},
	LIBVIRT_UNREACHABLE: {exit: 'unavailable', meaning: 'libvirt does not answer'},
	TOOL_MISSING: {exit: 'unavailable', meaning: 'a program vfctl needs is not installed'},
	LIBVIRT_FAILED: {exit: 'rolledBack', meaning: 'libvirt refused a step; everything was put back'},
	STEP_FAILED: {exit: 'rolledBack', meaning: 'a step failed or did not take effect; everything was put back'},
	IPAM_FAILED: {exit: 'rolledBack', meaning: 'an IPAM plugin refused an address; everything was put back'},
	BENCH_FAILED: {exit: 'unavailable', meaning: 'a measurement could not be made; what was attached for it was put back'},
	GUEST_NO_INTERFACE: {exit: 'rolledBack', meaning: 'the guest agent answers but the VF did not appear in the guest; everything was put back'},
	NOT_CONFIRMED: {exit: 'rolledBack', meaning: 'the change was not confirmed in time; everything was put back'},
	ROLLBACK_INCOMPLETE: {exit: 'rollbackIncomplete', meaning: 'a step failed and so did putting things back; `vfctl recover` tries again'},
	INTERRUPTED: {exit: 'interrupted', meaning: 'stopped by a signal; everything was put back'},
} as const satisfies Record<string, {exit: ExitMeaning; meaning: string}>;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorFacts {
	/** Why it happened: the fact that was seen. */
	why?: string;
	/** What to type next. */
	fix?: string;
	/** Machine-readable facts for --json. */
	details?: Record<string, unknown>;
	cause?: unknown;
}

/** A failure that is told to the admin: what happened, why, what to type next. */
export class AppError extends Error {
	override readonly name = 'AppError';
	readonly code: ErrorCode;
	readonly why: string | undefined;
	readonly fix: string | undefined;
	readonly details: Record<string, unknown>;

	constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
		super(message, facts.cause === undefined ? {} : {cause: facts.cause});
		this.code = code;
		this.why = facts.why;
		this.fix = facts.fix;
		this.details = facts.details ?? {};
	}

	/** The process exit status that belongs to the code. */
	get exitStatus(): number {
		return exitStatuses[errorCodes[this.code].exit];
	}
}

/** What happened and why, in one sentence: for notes and for errors about several things. */
export function errorSentence({message, why}: Pick<AppError, 'message' | 'why'>): string {
	return why === undefined ? message : `${message}: ${why}`;
}

/** The error itself when it is ours, otherwise a BUG that carries it as cause. */
export function toAppError(error: unknown): AppError {
	if (error instanceof AppError) {
		return error;
	}

	const message = error instanceof Error ? error.message : String(error);
	return new AppError('BUG', message, {cause: error});
}
