// What the kernel module vfctl_pf tells of mailboxes (sysfs/read-mailbox.ts reads it).
import {parseBdf} from '../model/bdf.ts';
import {mailboxDirectory} from '../sysfs/read-mailbox.ts';
import type {Collector} from './collector.ts';

/** The whole record of it: a few lines for each VF that the cards can have. */
export function collectMailboxes(into: Collector): void {
	const {files} = into;
	into.text(`${mailboxDirectory}/abi`);
	for (const pf of files.list(mailboxDirectory).filter(name => parseBdf(name) !== undefined)) {
		const directory = `${mailboxDirectory}/${pf}`;
		into.texts(directory, ['driver', 'vfs']);
		for (const vf of files.list(directory).filter(name => /^vf\d+$/.test(name))) {
			into.texts(`${directory}/${vf}`, ['mailbox', 'messages', 'vlans']);
		}
	}
}
