// Which boot loader gives the kernel its command line, and from which files.
import {AppError} from '../errors.ts';
import type {FileReader, Host} from '../host/host.ts';
import type {BootLoader, TextFile} from '../model/boot.ts';
import {grubDefaults, kernelCommandLine} from '../plan/persist/paths.ts';

const programDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
// systemd-boot says here who loaded the kernel (https://systemd.io/BOOT_LOADER_INTERFACE); so does
// GRUB from 2.12 on.
const loaderInfo = '/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const bootDirectories = ['/efi', '/boot', '/boot/efi'];

/** The boot loader of the host. Only grubby is asked by running it. */
export async function readBootLoader(host: Host): Promise<BootLoader> {
	const {files} = host;
	if (files.exists('/run/ostree-booted')) {
		return {kind: 'unknown', why: 'this host is an image of rpm-ostree', hint: 'rpm-ostree kargs --append=...'};
	}

	const blsDirectories = bootDirectories.map(directory => `${directory}/loader/entries`).filter(path => entryNames(files, path).length > 0);
	const booted = efiText(files.readBytes(loaderInfo));
	const hasConfiguration = bootDirectories.some(directory => files.exists(`${directory}/loader/loader.conf`));
	const isSystemdBoot = booted.startsWith('systemd-boot') || (hasConfiguration && !booted.startsWith('GRUB'));
	if (blsDirectories.includes('/boot/loader/entries') && !isSystemdBoot && findProgram(files, 'grubby') !== undefined) {
		return readGrubby(host);
	}

	const proxmox = files.exists('/etc/kernel/proxmox-boot-uuids');
	if (proxmox ? booted.startsWith('systemd-boot') : isSystemdBoot) {
		return {
			kind: 'systemd-boot',
			commandLine: files.readText(kernelCommandLine) ?? null,
			vendorCommandLine: files.readText('/usr/lib/kernel/cmdline') ?? null,
			// proxmox-boot-tool keeps its entries on partitions that are not mounted, and makes them anew.
			entries: proxmox ? [] : blsDirectories.flatMap(directory => readEntries(files, directory)),
			refresh: proxmox ? ['proxmox-boot-tool', 'refresh'] : null,
		};
	}

	return readGrub(files, proxmox) ?? {kind: 'unknown', why: 'no boot loader that vfctl knows was found (GRUB, systemd-boot, grubby)', hint: 'see the documentation of your boot loader'};
}

/** Path of a program in the system's directories, or undefined. */
export function findProgram(files: FileReader, name: string): string | undefined {
	return programDirectories.map(directory => `${directory}/${name}`).find(path => files.exists(path));
}

function readGrub(files: FileReader, proxmox: boolean): BootLoader | undefined {
	const defaults = files.readText(grubDefaults) ?? null;
	const script = ['grub-mkconfig', 'grub2-mkconfig'].map(name => findProgram(files, name)).find(path => path !== undefined);
	if (defaults === null || script === undefined) {
		return undefined;
	}

	// Debian's and Ubuntu's grub-mkconfig reads the directory; others do not.
	const readsDirectory = files.readText(script)?.includes('/default/grub.d') ?? false;
	const directory = `${grubDefaults}.d`;
	const regenerate = proxmox ? ['proxmox-boot-tool', 'refresh']
		: findProgram(files, 'update-grub') ? ['update-grub']
			: script.endsWith('grub2-mkconfig') ? ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'] : ['grub-mkconfig', '-o', '/boot/grub/grub.cfg'];
	return {
		kind: 'grub', defaults, regenerate,
		dropIns: readsDirectory ? files.list(directory).filter(name => name.endsWith('.cfg')).map(name => ({path: `${directory}/${name}`, text: files.readText(`${directory}/${name}`) ?? ''})) : null,
	};
}

/** Entries that name a kernel: not those of firmware tools, nor of unified images. */
function readEntries(files: FileReader, directory: string): TextFile[] {
	return entryNames(files, directory).map(name => ({path: `${directory}/${name}`, text: files.readText(`${directory}/${name}`) ?? ''})).filter(({text}) => /^[ \t]*linux[ \t]/m.test(text));
}

// Other names exist; vfctl edits those that its plans may name.
function entryNames(files: FileReader, directory: string): string[] {
	return files.list(directory).filter(name => /^[\w.+-]+\.conf$/.test(name) && !name.includes('..'));
}

async function readGrubby(host: Host): Promise<BootLoader> {
	const entries = await readGrubbyArguments(host);
	return entries.length > 0 ? {kind: 'grubby', entries} : {kind: 'unknown', why: 'grubby knows no boot entries', hint: 'grubby --info=ALL'};
}

/** Arguments of every boot entry, as grubby tells them. Throws STEP_FAILED. */
export async function readGrubbyArguments({runner}: Host): Promise<string[][]> {
	const {code, stdout, stderr} = await runner.run(['grubby', '--info=ALL']);
	if (code !== 0) {
		throw new AppError('STEP_FAILED', 'the boot entries cannot be read', {why: `grubby --info=ALL: ${stderr.trim() || `exit status ${code}`}`, fix: 'grubby --info=ALL'});
	}

	// args="ro rhgb quiet"; entries that cannot be booted have none (non linux entry).
	return [...stdout.matchAll(/^args="?(.*?)"?$/gm)].map(([, line]) => line!.split(/\s+/).filter(word => word !== ''));
}

// An EFI variable: four bytes of attributes, then UTF-16 with a zero at its end.
function efiText(bytes: Uint8Array | undefined): string {
	return bytes === undefined ? '' : new TextDecoder('utf-16le').decode(bytes.subarray(4)).replaceAll('\0', '');
}
