// Whether a kernel's initramfs holds a PF driver, and what makes it.
import type {Host} from '../../host/host.ts';
import {AppError} from '../../errors.ts';
import type {InitramfsTool} from '../../plan/module-actions.ts';

/** The tool that must make the initramfs of a kernel anew when its PF drivers change; null when it has
 * none, or holds none of them. One that cannot be read counts as holding them. */
export async function initramfsOf({files, runner}: Host, kernel: string): Promise<InitramfsTool | null> {
	const kinds: ReadonlyArray<{tool: InitramfsTool; image: string; program: string; list: [string, ...string[]]}> = [
		// dracut's Debian package uses Debian's names and brings lsinitrd.
		{tool: 'dracut', image: `/boot/initramfs-${kernel}.img`, program: 'dracut', list: ['lsinitrd', `/boot/initramfs-${kernel}.img`]},
		{tool: 'update-initramfs', image: `/boot/initrd.img-${kernel}`, program: 'update-initramfs', list: ['lsinitramfs', `/boot/initrd.img-${kernel}`]},
		{tool: 'dracut', image: `/boot/initrd.img-${kernel}`, program: 'dracut', list: ['lsinitrd', `/boot/initrd.img-${kernel}`]},
	];
	for (const {tool, image, program, list} of kinds) {
		if (files.exists(image) && ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(directory => files.exists(`${directory}/${program}`))) {
			return await holdsDriver({runner}, list) ? tool : null;
		}
	}

	return null;
}

async function holdsDriver({runner}: Pick<Host, 'runner'>, list: readonly [string, ...string[]]): Promise<boolean> {
	try {
		const {code, stdout} = await runner.run(list, {timeoutMs: 120_000});
		return code !== 0 || /\/(?:igb|ixgbe|vfctl_pf)\.ko/.test(stdout);
	} catch (error) {
		if (error instanceof AppError && error.code === 'TOOL_MISSING') {
			return true;
		}

		throw error;
	}
}
