// One call of the CNI plugin: what the runtime handed over, and how the host is read and locked for it.
import {AppError, errorSentence} from '../../errors.ts';
import type {CniLogLevel, CniNetwork} from '../../formats/cni-config.ts';
import type {CniCall} from '../../formats/cni-environment.ts';
import type {Libvirt} from '../../libvirt/libvirt.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {CniAttachment} from '../../model/netns.ts';
import {hasDefinedGuests} from '../../sysfs/guest-definitions.ts';
import {unfinishedOperations} from '../journal.ts';
import {readInventory} from '../read-inventory.ts';
import {recover} from '../recover.ts';
import type {RunContext} from '../run-context.ts';
import {requireNoneUnfinished, withLock} from '../with-lock.ts';

export interface CniSession {
	readonly run: RunContext;
	readonly call: CniCall;
	readonly network: CniNetwork;
	/** The configuration as it came, and as JSON. */
	readonly text: string;
	readonly value: Readonly<Record<string, unknown>>;
	/** libvirt, or why it is not there: containers do not need it. */
	libvirt(): Promise<Libvirt | AppError>;
	log(level: CniLogLevel, text: string): void;
}

// Longer than any one call takes; sriov-cni waits as long (pkg/utils/pci_allocator.go). The runtime
// is told to try again after it.
const lockTimeoutMs = 60_000;

/** Runs `body` under the lock of the host. What a CNI call left behind whose process died is put
 * back first: no admin is near, and the runtime goes on with other containers. Anything else that
 * was cut off is an admin's: NEEDS_RECOVERY. */
export async function underCniLock<T>({run, call, log}: CniSession, body: () => Promise<T>): Promise<T> {
	const {host, signal} = run;
	return withLock(host, {
		holder: `cni ${call.command} ${call.containerId}`.trim(),
		timeoutMs: lockTimeoutMs,
		signal,
		recovering: true,
		onWait(holder) {
			log('info', `waiting for ${holder}`);
		},
	}, async () => {
		const unfinished = unfinishedOperations(host.files);
		requireNoneUnfinished(unfinished.filter(({header}) => header?.plan.subject.cni === undefined));
		for (const {number, title, error} of unfinished.length === 0 ? [] : await recover(run)) {
			if (error !== null) {
				throw error;
			}

			log('warning', `operation ${number} of a process that died was put back: ${title}`);
		}

		return body();
	});
}

/** The host. Where libvirt is silent although it has guests, `guests` is null; where it has none
 * (or is not installed), the list is empty. */
export async function cniInventory({run, libvirt, log}: CniSession): Promise<Inventory> {
	const {host} = run;
	const opened = await libvirt();
	const inventory = await readInventory(host, opened);
	if (!(opened instanceof AppError)) {
		return inventory;
	}

	if (opened.code === 'LIBVIRT_MISSING' || !hasDefinedGuests(host.files)) {
		return {...inventory, guests: [], pools: [], networks: []};
	}

	log('warning', errorSentence(opened));
	return inventory;
}

/** The container of the call, as the journal keeps it. */
export function attachmentOf({call, network}: CniSession): CniAttachment {
	return {network: network.name, containerId: call.containerId, ifname: call.ifname};
}

/** The same network, container and interface: the key of the specification. */
export function isSameAttachment(a: CniAttachment, b: CniAttachment | null): boolean {
	return b !== null && a.network === b.network && a.containerId === b.containerId && a.ifname === b.ifname;
}
