import {existsSync, mkdirSync} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import {OWN_DISK} from './qemu-command.ts';
import {run} from './run.ts';

// Gives a lab a disk of its own, which outlives its QEMU.
export async function copyDisk(disk: string, stateDirectory: string): Promise<void> {
	mkdirSync(stateDirectory, {recursive: true, mode: 0o700});
	await run(['cp', '--sparse=always', '--reflink=auto', disk, path.join(stateDirectory, OWN_DISK)], {timeoutMs: 300_000, what: 'the disk of the lab could not be copied'});
}

// The kernel's arguments of the first entry in GRUB's menu, as they are on the disk of a lab that stands still. Without
// what tells a real kernel where its root is: ours is found by the initramfs.
export async function readMenuArguments(stateDirectory: string): Promise<string> {
	const disk = path.join(stateDirectory, OWN_DISK);
	if (!existsSync(disk)) {
		throw new LabError('this lab has no disk of its own', {fix: "start it with the platform 'grub'"});
	}

	const {stdout} = await run(['debugfs', '-R', 'cat /boot/grub/grub.cfg', disk], {timeoutMs: 60_000, what: 'the menu of GRUB could not be read'});
	const words = /^\s*linux\s+\S+(.*)$/m.exec(stdout)?.[1];
	if (words === undefined) {
		throw new LabError('the menu of GRUB has no kernel', {why: 'no line in /boot/grub/grub.cfg begins with linux', fix: 'run update-grub in the lab before it restarts'});
	}

	return words.split(/\s+/).filter(word => word !== '' && word !== 'ro' && !word.startsWith('root=')).join(' ');
}
