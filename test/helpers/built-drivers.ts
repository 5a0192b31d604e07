// Records of hosts that `vfctl driver build` was run on.
import {createHash} from 'node:crypto';
import type {HostRecord} from '../../lib/record/record.ts';
import {withFile} from './plan-world.ts';

/** The kernel of built hosts (sim/builder.ts). */
export const kernel = '6.12.57+deb13-amd64';
export const drivers = `/var/lib/vfctl/drivers/${kernel}`;
export const srcversion = 'C0FFEE0123456789ABCDEF0';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** The record with a build of these modules. */
export function withBuild(record: HostRecord, names: readonly string[], {directory = drivers, warnings = []}: {directory?: string; warnings?: readonly string[]} = {}): HostRecord {
	const helpers = ['vfctl_pf', 'vfctl_fwd'];
	const build = {
		version: 1, kernel, kernelVersion: '6.12.57', vfctl: '1', sources: 'a'.repeat(64), source: {path: '/usr/src/x.tar.xz', kind: 'tarball'}, compiler: 'gcc', builtAtMs: 1,
		steps: [], patches: [], warnings,
		modules: names.map(name => ({name, sha256: digest(`${name} of vfctl`), srcversion: helpers.includes(name) ? '' : srcversion, vermagic: kernel, depends: name === 'vfctl_pf' ? [] : ['vfctl_pf', ...name === 'vfctl_fwd' ? [] : ['dca']]})),
	};
	return [[`${directory}/build.json`, JSON.stringify(build)], ...names.map(name => [`${directory}/${name}.ko`, `${name} of vfctl`])]
		.reduce((changed, [path, text]) => withFile(changed, path!, text!), record);
}
