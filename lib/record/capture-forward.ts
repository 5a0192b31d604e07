// What the kernel module vfctl_fwd tells of the frames that it passes on (sysfs/read-forward.ts reads it).
import {forwardDirectory, forwardingPfs} from '../sysfs/read-forward.ts';
import type {Collector} from './collector.ts';

/** The whole directory: `add` and `remove` cannot be read, and say that the module is there. */
export function collectForward(into: Collector): void {
	const {files} = into;
	into.texts(forwardDirectory, ['abi', 'add', 'remove', 'relay']);
	for (const pf of forwardingPfs(files) ?? []) {
		const directory = `${forwardDirectory}/${pf}`;
		into.texts(directory, ['mode', 'relay', 'relay_macs']);
		for (const port of files.list(directory).filter(name => name === 'pf' || /^vf\d+$/.test(name))) {
			into.texts(`${directory}/${port}`, ['rules', 'stats']);
		}
	}
}
