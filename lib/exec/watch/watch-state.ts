// What no event tells: guests, settings of VFs, counters of errors, modules. Looked at now and then,
// and compared as `vfctl diff` compares.
import {toAppError, type AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import type {Libvirt} from '../../libvirt/libvirt.ts';
import {deviceChanges} from '../../model/device-changes/changes.ts';
import type {DeviceChange, Subjects} from '../../model/device-changes/facts.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {readInventory} from '../read-inventory.ts';
import {readSubjects} from '../read-subjects.ts';

/** Facts that another source tells at once, if it is there and was there in time. */
const toldBy = {
	device: /^(?:present|driver|interface|interface in another namespace|vfio device)$/,
	link: /^(?:.*: )?(?:set up|link|MTU|MAC|master)$/,
	guest: /^state$/,
} as const;

// They go with what is told, or move all the time.
const quiet = /^(?:used by|interrupts|enabled|power state|ids|resources|boot|(?:.*: )?Mbit\/s)$/;

export interface StateOptions {
	connect: string;
	signal: AbortSignal;
	tell: (event: WatchEvent) => void;
	/** Whether a source has told of a subject since the look before the last one. */
	wasTold: (source: keyof typeof toldBy, subject: string) => boolean;
	/** After each look. */
	looked: (inventory: Inventory) => void;
}

const shortestMs = 1000;
/** Looking takes a tenth of one processor: a host with thousands of VFs is looked at more seldom, but
 * not so seldom that what is told is old. */
const restOfLook = 10;
const longestMs = 15_000;

/** Watches until the signal comes. */
export async function watchState(host: Host, {connect, signal, tell, wasTold, looked}: StateOptions): Promise<void> {
	const libvirt = reconnecting(host, connect);
	try {
		let before = await look(host, libvirt);
		while (!signal.aborted) {
			const restMs = Math.min(longestMs, Math.max(shortestMs, before.tookMs * restOfLook));
			// Short sleeps: an interrupt must not wait.
			for (let sleptMs = 0; sleptMs < restMs && !signal.aborted; sleptMs += shortestMs) {
				await host.clock.sleep(shortestMs);
			}

			if (signal.aborted) {
				break;
			}

			const now = await look(host, libvirt);
			const changes = deviceChanges(before.subjects, now.subjects);
			const moved = new Set(changes.filter(({fact}) => fact === 'interface').map(({subject}) => subject.id));
			for (const change of changes) {
				if (isNews(change, moved, wasTold) && !(change.subject.kind === 'guest' && !(before.hasGuests && now.hasGuests))) {
					tell(eventOf(change, now.subjects, before.subjects));
				}
			}

			looked(now.inventory);
			before = now;
		}
	} finally {
		await libvirt.close();
	}
}

interface Look {
	inventory: Inventory;
	subjects: Subjects;
	hasGuests: boolean;
	tookMs: number;
}

async function look(host: Host, libvirt: Reconnecting): Promise<Look> {
	const begun = host.clock.monotonicMs();
	const inventory = await libvirt.use(async opened => readInventory(host, opened));
	return {
		inventory,
		// Reading configuration space would wake functions that sleep.
		subjects: readSubjects(host.files, inventory, inventory.guests === null ? null : 'answers', {config: false}),
		hasGuests: inventory.guests !== null,
		tookMs: host.clock.monotonicMs() - begun,
	};
}

/** `moved`: functions that have another interface than before, or none, so that nothing of the old one is news. */
function isNews({subject: {kind, id}, fact}: DeviceChange, moved: ReadonlySet<string>, wasTold: StateOptions['wasTold']): boolean {
	if (quiet.test(fact) || (toldBy.link.test(fact) && moved.has(id))) {
		return false;
	}

	const ofLink = toldBy.link.test(fact) || (kind === 'interface' && fact === 'present');
	return !((ofLink && wasTold('link', id)) || (kind === 'guest' && toldBy.guest.test(fact) && wasTold('guest', id)) || (kind === 'function' && toldBy.device.test(fact) && wasTold('device', id)));
}

function eventOf({subject, fact, before, after, meaning, weight}: DeviceChange, ...both: readonly Subjects[]): WatchEvent {
	const {kind, id, name, bdf, pf} = subject;
	const called = kind === 'guest' ? `guest ${name}` : name;
	const change = fact === 'present' ? meaning ?? (after === null ? 'is gone' : 'is new') : `${fact}: ${before ?? 'none'} -> ${after ?? 'none'}${meaning === null ? '' : ` (${meaning})`}`;
	const devices = kind === 'guest' ? both.flatMap(subjects => subjects.get(id)?.facts.get('devices')?.split(', ') ?? []).filter(device => device !== 'none') : [];
	const pfs = devices.flatMap(device => both.flatMap(subjects => subjects.get(device)?.pf ?? []));
	const named = [...bdf === null ? [] : [bdf], ...pf === null ? [] : [pf, ...both.flatMap(subjects => subjects.get(pf)?.name ?? [])], called, ...devices, ...pfs];
	return {
		source: 'state', severity: weight === 'trouble' ? 'warning' : 'harmless', subject: id,
		about: kind === 'host' ? [] : [...new Set(named)],
		text: `${called}: ${change}`, details: {kind, name, bdf, fact, before, after},
	};
}

interface Reconnecting {
	use<T>(look: (libvirt: Libvirt | AppError) => Promise<T>): Promise<T>;
	close(): Promise<void>;
}

/** A connection that is opened anew after libvirt went away. */
function reconnecting(host: Host, uri: string): Reconnecting {
	let open: Libvirt | undefined;
	const close = async () => {
		const was = open;
		open = undefined;
		await was?.close().catch(() => {});
	};

	return {
		close,
		async use(lookAt) {
			try {
				open ??= await host.openLibvirt(uri);
				return await lookAt(open);
			} catch (error) {
				await close();
				return lookAt(toAppError(error));
			}
		},
	};
}
