// The machine vfctl runs on.
import {env, geteuid, pid} from 'node:process';
import type {Host} from './host.ts';
import {realClock} from './real-clock.ts';
import {realFiles} from './real-files.ts';
import {realRunner} from './real-runner.ts';

/** The live host. libvirt's client library is loaded when it is first asked for. */
export function realHost(): Host {
	return {
		name: 'live',
		files: realFiles(),
		runner: realRunner(),
		clock: realClock,
		caller: {pid, uid: geteuid?.() ?? -1, env},
		async openLibvirt(uri) {
			const {openLibvirt} = await import('../libvirt/open.ts');
			return openLibvirt(uri);
		},
	};
}
