// Everything that happens to the devices of a host, from all sources that there are.
import type {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {deviceLookup} from '../../model/explain/host-devices.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {readMailboxes} from '../../sysfs/read-mailbox.ts';
import {functionsOfGuest} from '../read-subjects.ts';
import {watchMailboxes, type WatchedChange} from '../watch-mailboxes.ts';
import {DeviceNames} from './device-names.ts';
import {watchDevices} from './watch-devices.ts';
import {watchGuests} from './watch-guests.ts';
import {watchLinks} from './watch-links.ts';
import {watchLogs} from './watch-logs.ts';
import {watchState} from './watch-state.ts';

export interface WatchHostOptions {
	/** libvirt's address. */
	connect: string;
	/** Ends it. */
	signal: AbortSignal;
	/** The host as it is at the beginning. */
	inventory: Inventory;
	libvirtProblem: AppError | undefined;
	tell: (event: WatchEvent) => void;
}

/** Watches until the signal comes. A source that cannot be had is told of once, and the others go on. */
export async function watchHost(host: Host, {connect, signal, inventory, libvirtProblem, tell}: WatchHostOptions): Promise<void> {
	const names = new DeviceNames(host.files, inventory);
	const told = twoGenerations();
	let last = inventory;
	let devices = deviceLookup(inventory);
	const tellOf = (event: WatchEvent) => {
		told.add(`${event.source} ${event.subject ?? ''}`);
		tell(event);
	};

	const missing = (text: string) => {
		if (!signal.aborted) {
			tell({source: 'watch', severity: 'warning', about: [], text});
		}
	};

	const ended = (what: string) => (why: string | undefined) => {
		if (why !== undefined) {
			missing(`${what}: ${why}`);
		}
	};

	ended('guests are not watched')(libvirtProblem?.message);
	await Promise.all([
		watchLinks(host, inventory, names, signal, tellOf).then(ended('links are only looked at now and then')),
		watchDevices(host, names, signal, tellOf).then(ended('drivers are only looked at now and then')),
		libvirtProblem === undefined ? watchGuests(host, {connect, signal, tell: tellOf, namesOf: guest => namesOfDevices(last, guest, names)}).then(ended('guests are only looked at now and then')) : undefined,
		watchLogs(host, fields => devices(fields), signal, {tell, missing}),
		watchState(host, {connect, signal, tell, wasTold: (source, subject) => told.has(`${source} ${subject}`), looked(now) {
			last = now;
			devices = deviceLookup(now);
			told.next();
		}}),
		watchOwnMailboxes(host, inventory.pfs, signal, tell),
	]);
}

/** By every name that the devices of a guest go by, with those of their PFs. */
function namesOfDevices(inventory: Inventory, guest: string, names: DeviceNames): string[] {
	return [...new Set((functionsOfGuest(inventory, guest) ?? []).flatMap(bdf => names.allOf(bdf)))];
}

/** What was said since the look before the last one; no more, so that it cannot grow. */
function twoGenerations(): {add: (name: string) => void; has: (name: string) => boolean; next: () => void} {
	let [old, young] = [new Set<string>(), new Set<string>()];
	return {
		add(name) {
			young.add(name);
		},
		has: name => old.has(name) || young.has(name),
		next() {
			[old, young] = [young, new Set()];
		},
	};
}

/** With the driver of vfctl. What the distribution's driver says is in the log, and told from there. */
async function watchOwnMailboxes(host: Host, pfs: readonly Pf[], signal: AbortSignal, tell: (event: WatchEvent) => void): Promise<void> {
	const look = async () => ({mailboxes: readMailboxes(host.files), events: null});
	await watchMailboxes(host, pfs, {signal, first: await look(), look, tell(change) {
		tell(mailboxEvent(change));
	}});
}

function mailboxEvent({pf, vf, kind, text}: WatchedChange): WatchEvent {
	const name = vf === null ? pfName(pf) : `${pfName(pf)}#${vf}`;
	const bdf = vf === null ? pf.bdf : pf.vfs.find(({index}) => index === vf)?.bdf;
	return {
		source: 'mailbox', severity: /NACK/.test(text) ? 'warning' : 'harmless', subject: bdf ?? pf.bdf,
		about: [...new Set([name, pf.bdf, pfName(pf), ...bdf === undefined ? [] : [bdf]])], text: `${name}: ${text}`, details: {pf: pf.bdf, vf, kind},
	};
}
