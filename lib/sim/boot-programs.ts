// Programs that decide what the next boot does: systemctl, GRUB's generators, grubby.
import type {CommandResult} from '../host/host.ts';
import {changing} from './machine.ts';
import type {Machine} from './machine.ts';

type Program = (machine: Machine, words: readonly string[]) => CommandResult | undefined;

const unitDirectories = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];
const entryDirectory = '/boot/loader/entries';

/** The programs by name. `undefined` as a result: as recorded, if it was. */
export const bootPrograms: Readonly<Record<string, Program>> = {
	systemctl,
	'update-grub': machine => generateGrub(machine, '/boot/grub/grub.cfg'),
	'grub-mkconfig': (machine, words) => generateGrub(machine, words[1] ?? ''),
	'grub2-mkconfig': (machine, words) => generateGrub(machine, words[1] ?? ''),
	grubby,
	'proxmox-boot-tool': machine => text(`Running hook script 'proxmox-auto-removal'..\nCopying kernels to ${machine.tree.value('/etc/kernel/proxmox-boot-uuids')}\n`),
	networkctl: machine => machine.tree.exists('/run/systemd/netif/state') ? text('') : failed('Failed to reload network settings: Unit systemd-networkd.service not found.'),
};

// Words and exit statuses as systemd 257 gives them.
function systemctl(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const {tree} = machine;
	const [verb = '', unit = ''] = words;
	const file = unitDirectories.map(directory => `${directory}/${unit}`).find(path => unit !== '' && tree.exists(path));
	const links = wantedBy(tree.text(file ?? '') ?? '').map(target => `/etc/systemd/system/${target}.wants/${unit}`);
	switch (verb) {
		case '--version': {
			return text('systemd 257 (257.9-1)\n+PAM +AUDIT +SELINUX\n');
		}

		case 'is-enabled': {
			if (file === undefined) {
				return {code: 4, stdout: 'not-found\n', stderr: ''};
			}

			const state = links.length === 0 ? 'static' : links.some(path => tree.link(path) !== undefined) ? 'enabled' : 'disabled';
			return {code: state === 'disabled' ? 1 : 0, stdout: `${state}\n`, stderr: ''};
		}

		case 'enable':
		case 'disable': {
			if (file === undefined) {
				return failed(`Failed to ${verb} unit: Unit ${unit} does not exist`);
			}

			const changed = links.filter(path => (tree.link(path) === undefined) === (verb === 'enable'));
			for (const path of changed) {
				changing(machine, `systemctl ${verb} ${unit}`);
				if (verb === 'enable') {
					tree.put(path, {kind: 'link', target: file});
				} else {
					tree.remove(path);
				}
			}

			return {code: 0, stdout: '', stderr: changed.map(path => verb === 'enable' ? `Created symlink '${path}' -> '${file}'.\n` : `Removed '${path}'.\n`).join('')};
		}

		case 'daemon-reload': {
			return tree.exists('/run/systemd/system') ? text('') : failed('System has not been booted with systemd as init system (PID 1). Can\'t operate.\nFailed to connect to system scope bus via local transport: Host is down');
		}

		default: {
			return text('');
		}
	}
}

function wantedBy(unit: string): string[] {
	return [...unit.matchAll(/^WantedBy=(.*)$/gm)].flatMap(([, targets]) => targets!.split(/\s+/).filter(target => target !== ''));
}

// What grub-mkconfig does with its settings: a shell reads /etc/default/grub, then (Debian) the
// files of grub.d, and the two variables end on the line of each kernel.
function generateGrub(machine: Machine, output: string): CommandResult {
	const {tree} = machine;
	const script = ['/usr/sbin/grub-mkconfig', '/usr/bin/grub-mkconfig', '/usr/sbin/grub2-mkconfig'].find(path => tree.exists(path));
	const readsDirectory = tree.text(script ?? '')?.includes('/default/grub.d') ?? false;
	const sources = ['/etc/default/grub', ...readsDirectory ? tree.list('/etc/default/grub.d').filter(name => name.endsWith('.cfg')).map(name => `/etc/default/grub.d/${name}`) : []];
	const variables = new Map<string, string>();
	for (const path of sources) {
		for (const [, name, value] of (tree.text(path) ?? '').matchAll(/^([A-Z_]+)=((?:"[^"]*"|'[^']*'|[^\s"'#]+)*)/gm)) {
			variables.set(name!, expand(value!, variables));
		}
	}

	changing(machine, `write file ${output}`);
	const words = [variables.get('GRUB_CMDLINE_LINUX'), variables.get('GRUB_CMDLINE_LINUX_DEFAULT')].filter(value => value).join(' ');
	tree.put(output, {kind: 'text', text: `menuentry 'Linux' {\n\tlinux /boot/vmlinuz root=/dev/vda1 ro ${words}\n}\n`});
	return {code: 0, stdout: '', stderr: 'Generating grub configuration file ...\ndone\n'};
}

function expand(value: string, variables: ReadonlyMap<string, string>): string {
	return value.replaceAll(/"([^"]*)"|'([^']*)'|([^"']+)/g, (_, double?: string, single?: string, bare?: string) => single
		?? (double ?? bare ?? '').replaceAll(/\$\{?(\w+)\}?/g, (__, name: string) => variables.get(name) ?? ''));
}

// grubby of Fedora and RHEL is a script that edits the entries (grubby-bls).
function grubby(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const {tree} = machine;
	const paths = tree.list(entryDirectory).filter(name => name.endsWith('.conf')).map(name => `${entryDirectory}/${name}`);
	if (words[0] === '--info=ALL') {
		return text(paths.map((path, index) => {
			const entry = tree.text(path) ?? '';
			const field = (name: string) => new RegExp(`^${name}\\s+(.*)$`, 'm').exec(entry)?.[1] ?? '';
			return `index=${index}\nkernel="${field('linux')}"\nargs="${field('options')}"\nroot="/dev/vda1"\ntitle="${field('title')}"\n`;
		}).join(''));
	}

	if (words[0] !== '--update-kernel=ALL') {
		return undefined;
	}

	for (const path of paths) {
		changing(machine, `grubby ${path}`);
		tree.put(path, {kind: 'text', text: (tree.text(path) ?? '').replace(/^(options\s+)(.*)$/m, (_, key: string, options: string) => key + changedOptions(options, words[1] ?? ''))});
	}

	return text('');
}

/** `--args` replaces a word of the same key, as the script does. */
function changedOptions(options: string, option: string): string {
	const [, removing, list] = /^--(remove-)?args=(.*)$/.exec(option) ?? [];
	const named = (list ?? '').split(' ').filter(word => word !== '');
	const key = (word: string) => word.replace(/=.*/, '');
	const present = options.split(' ').filter(word => word !== '');
	return removing ? present.filter(word => !named.includes(word)).join(' ') : [...present.filter(word => !named.some(one => key(one) === key(word))), ...named].join(' ');
}

function text(stdout: string): CommandResult {
	return {code: 0, stdout, stderr: ''};
}

function failed(message: string): CommandResult {
	return {code: 1, stdout: '', stderr: `${message}\n`};
}
