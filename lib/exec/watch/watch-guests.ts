// Guests that start, stop, or keep what they are asked for: libvirt's events through virsh. Its connection is a process
// of its own, so that a daemon that restarts, or a library that waits, never holds vfctl.
import type {Host} from '../../host/host.ts';
import {parseEventLine, type GuestEventLine} from '../../libvirt/parse-event-line.ts';
import type {WatchEvent} from '../../model/watch/watch-event.ts';
import {followLines} from './follow-lines.ts';

const againMs = 5000;
const livedMs = 30_000;

/** The program; `connect` is libvirt's address. */
export function guestEventCommand(connect: string): readonly [string, ...string[]] {
	return ['virsh', '--connect', connect, 'event', '--all', '--loop'];
}

/** Watches until the signal comes, with a new program when libvirt went away; resolves to why it cannot, or undefined.
 * `namesOf` tells by which names the devices of a guest go. */
export async function watchGuests(host: Host, {connect, signal, namesOf, tell}: {connect: string; signal: AbortSignal; namesOf: (guest: string) => readonly string[]; tell: (event: WatchEvent) => void}): Promise<string | undefined> {
	const paused = new Set<string>();
	for (;;) {
		const begunMs = host.clock.monotonicMs();
		const why = await followLines(host, guestEventCommand(connect), signal, line => {
			const event = parseEventLine(line);
			const told = event && eventOf(event, paused);
			if (told) {
				const subject = `guest ${event.guest}`;
				tell({source: 'guest', severity: told.trouble ? 'warning' : 'harmless', subject, about: [subject, ...namesOf(event.guest)], text: `${subject}: ${told.text}`, details: {...event}});
			}
		});
		if (why === undefined || host.clock.monotonicMs() - begunMs < livedMs) {
			return why;
		}

		await host.clock.sleep(againMs);
	}
}

const troubles = /^(?:Stopped (?:Crashed|Failed)|Crashed|Suspended (?:I\/O Error|Watchdog|API error|Post-copy Error))/;

/** What is worth a line. A guest that starts is resumed before, one that stops is shut down before. */
function eventOf({event, guest, detail}: GuestEventLine, paused: Set<string>): {text: string; trouble: boolean} | undefined {
	switch (event) {
		case 'lifecycle': {
			const [state = '', ...reason] = detail.split(' ');
			const wasPaused = paused.has(guest);
			paused[state === 'Suspended' ? 'add' : 'delete'](guest);
			return /^(?:Started|Stopped|Suspended|Crashed|PMSuspended)$/.test(state) || (state === 'Resumed' && wasPaused)
				? {text: `${state.toLowerCase()}${reason.length === 0 ? '' : ` (${reason.join(' ').toLowerCase()})`}`, trouble: troubles.test(detail)} : undefined;
		}

		case 'device-removal-failed': {
			return {text: `did not give back its device ${detail}`, trouble: true};
		}

		case 'reboot': {
			return {text: 'was restarted from inside', trouble: false};
		}

		case 'watchdog': {
			return {text: `its watchdog ran out (${detail})`, trouble: true};
		}

		case 'io-error-reason': {
			return {text: `an error of its disk: ${detail}`, trouble: true};
		}

		default: {
			return undefined;
		}
	}
}
