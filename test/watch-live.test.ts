// Guests of a real libvirtd of our own, as `virsh event` tells of them. Needs what test/libvirt-live.test.ts needs.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {watchGuests} from '../lib/exec/watch/watch-guests.ts';
import {realHost} from '../lib/host/real-host.ts';
import type {WatchEvent} from '../lib/model/watch/watch-event.ts';
import {startPrivateLibvirtd} from './helpers/private-libvirtd.ts';

test('a guest is started, paused, goes on and is destroyed; the daemon goes away, and the program with it', async t => {
	const daemon = await startPrivateLibvirtd();
	const host = realHost();
	const stop = new AbortController();
	const told: WatchEvent[] = [];
	const name = 'it\'s: a vm';
	let heard: (() => void) | undefined;
	const until = async (text: string) => {
		while (!told.some(event => event.text === text)) {
			await new Promise<void>(resolve => {
				heard = resolve;
			});
		}
	};

	const watching = watchGuests(host, {connect: daemon.uri, signal: stop.signal, namesOf: () => ['pf0#0'], tell(event) {
		told.push(event);
		heard?.();
	}});
	try {
		const file = join(daemon.socketDirectory, 'guest.xml');
		writeFileSync(file, `<domain type='qemu'><name>${name}</name><memory>65536</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`);
		daemon.virsh('define', file);
		// What came before virsh listened is not told: started anew until it is.
		const isStarted = () => told.some(({text}) => text === `guest ${name}: started (booted)`);
		for (let tries = 0; !isStarted() && tries < 5; tries++) {
			if (tries > 0) {
				daemon.virsh('destroy', name);
			}

			daemon.virsh('start', name);
			await Promise.race([until(`guest ${name}: started (booted)`), host.clock.sleep(20_000)]);
		}

		told.splice(0, told.length - 1);
		daemon.virsh('suspend', name);
		daemon.virsh('resume', name);
		daemon.virsh('destroy', name);
		await until(`guest ${name}: stopped (destroyed)`);
		t.deepEqual(told.map(({severity, text}) => `${severity} ${text}`), [
			`harmless guest ${name}: started (booted)`, `harmless guest ${name}: suspended (paused)`, `harmless guest ${name}: resumed (unpaused)`, `harmless guest ${name}: stopped (destroyed)`,
		]);
		t.deepEqual(told[0]!.about, [`guest ${name}`, 'pf0#0']);
	} finally {
		await daemon.stop();
	}

	// It does not run on without a daemon, and says why it ended.
	t.regex(await watching ?? '', /^'virsh --connect \S+ event --all --loop' ended with status 1: /);
});
