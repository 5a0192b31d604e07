import {accessSync, constants} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import {reportToStderr, stage} from './progress.ts';
import {run} from './run.ts';

// Something the lab needs on this machine, and the Debian package that has it.
export type Tool = {need: string; package: string};

// Everything the lab needs here; QEMU, kmod, zstd and the rest come out of the lab's own tree.
export const TOOLS: readonly Tool[] = [
	{need: 'mmdebstrap', package: 'mmdebstrap'},
	{need: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring'},
	{need: 'mke2fs', package: 'e2fsprogs'},
	{need: 'ssh', package: 'openssh-client'},
	{need: 'ssh-keygen', package: 'openssh-client'},
	{need: 'flock', package: 'util-linux'},
	{need: 'setpriv', package: 'util-linux'},
	{need: 'unshare', package: 'util-linux'},
	{need: 'mount', package: 'mount'},
	{need: 'chroot', package: 'coreutils'},
	{need: 'tar', package: 'tar'},
];

// The tools that are not here.
export function missingTools(): Tool[] {
	return TOOLS.filter(({need}) => !isPresent(need));
}

// Fails once, with every missing tool and the one line that installs them all.
export function requireTools(): void {
	if (process.getuid?.() !== 0) {
		throw new LabError('the lab needs root', {why: 'it makes mount namespaces and a Debian tree', fix: 'run it with sudo'});
	}

	const missing = missingTools();
	if (missing.length > 0) {
		throw new LabError('the lab needs tools that are not on this machine', {
			why: missing.map(tool => `${tool.need} is missing (package ${tool.package})`).join('\n'),
			fix: `npm run lab -- setup\nor: ${installCommand(missing).join(' ')}`,
		});
	}
}

// Installs what is missing; gives back the packages it installed.
export async function installMissingTools(report = reportToStderr): Promise<string[]> {
	const missing = missingTools();
	if (missing.length === 0) {
		return [];
	}

	const command = installCommand(missing);
	const install = async () => run(command, {
		timeoutMs: 600_000,
		environment: {DEBIAN_FRONTEND: 'noninteractive'},
		what: `'${command.join(' ')}' failed`,
	});
	await stage(report, command.join(' '), async () => {
		try {
			await install();
		} catch {
			// The usual reason on a fresh machine: no package lists yet.
			await run(['apt-get', 'update'], {timeoutMs: 600_000, what: `'apt-get update' failed`});
			await install();
		}
	});
	requireTools();
	return packagesOf(missing);
}

function installCommand(missing: readonly Tool[]): string[] {
	return ['apt-get', 'install', '-y', '--no-install-recommends', ...packagesOf(missing)];
}

function packagesOf(tools: readonly Tool[]): string[] {
	return [...new Set(tools.map(tool => tool.package))].sort();
}

// Searches the directories of root, too: a user's PATH often lacks them, and mke2fs lives there.
function isPresent(need: string): boolean {
	const directories = need.startsWith('/') ? [''] : [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
	return directories.some(directory => {
		try {
			accessSync(directory === '' ? need : path.join(directory, need), need.startsWith('/') ? constants.R_OK : constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}
