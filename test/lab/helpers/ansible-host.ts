// A lab as a host of Ansible's inventory. Ansible goes by the standing connection that the lab has, so that no task
// needs a handshake.
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Lab} from '../../../lab/lab.ts';
import type {Told} from '../../helpers/ansible.ts';

// The tests run from dist/test/lab.
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

export const site = 'vfctl.vfctl.site';

/** Its variables. While its connection is gone it cannot be reached: nobody listens on port 1, and this machine's own
 * sshd must not answer for it. */
export function labHost(lab: Lab, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
	return {
		ansible_connection: 'ssh', ansible_host: '127.0.0.1', ansible_port: 1, ansible_user: 'root', ansible_pipelining: true,
		ansible_ssh_args: `-F none -o ControlMaster=no -o ControlPath=${join(lab.directory, 'ssh')} -o BatchMode=yes`,
		...more,
	};
}

/** What failed, for people. */
export function failures(told: readonly Told[]): string {
	return told.filter(({outcome}) => outcome === 'failed' || outcome === 'unreachable').map(one => JSON.stringify(one)).join('\n');
}

/** What was changed: `host: task`. */
export function changes(told: readonly Told[]): string[] {
	return told.filter(({result}) => result.changed === true).map(({host, task}) => `${host}: ${task}`);
}
