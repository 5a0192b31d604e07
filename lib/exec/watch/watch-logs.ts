// What the kernel, libvirt and guests say, where the catalogue knows what it means.
import type {Host} from '../../host/host.ts';
import {isPart, type Explained} from '../../model/explain/explained.ts';
import {createExplainer} from '../../model/explain/explainer.ts';
import {fillText} from '../../model/explain/fill-text.ts';
import type {DeviceLookup} from '../../model/explain/host-devices.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {followHostLogs} from '../follow-logs.ts';

/** Watches until the signal comes. */
export async function watchLogs(host: Host, devices: DeviceLookup, signal: AbortSignal, {tell, missing}: {tell: (event: WatchEvent) => void; missing: (text: string) => void}): Promise<void> {
	const make = () => createExplainer({nowMs: host.clock.now(), devices, tell(explained, {message}) {
		if (!isPart(explained)) {
			tell(eventOf(explained, message));
		}
	}});
	await followHostLogs(host, make, signal, missing);
}

function eventOf({entry, fields, log}: Explained, message: string): WatchEvent {
	const {bdf, netdev, pf, vf, vfBdf, guest} = fields;
	const about = [bdf, netdev, pf, vfBdf, pf !== undefined && vf !== undefined ? `${pf}#${vf}` : undefined, guest === undefined ? undefined : `guest ${guest}`].filter(name => name !== undefined);
	const [remedy] = entry.remedies;
	return {
		source: 'log', severity: entry.severity, about: [...new Set(about)],
		key: [entry.id, ...about].join(' '),
		text: `${message.slice(0, 300)}   ${fillText(entry.meaning, fields)}${remedy === undefined || entry.severity === 'harmless' ? '' : ` ${fillText(remedy.advice, fields)}`}`,
		details: {id: entry.id, line: message, log, fields},
	};
}
