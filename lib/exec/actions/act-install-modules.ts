// Kernel modules on the disk of the host.
import {builtModules} from '../../model/driver-build.ts';
import {hasModules, initramfsCommand, sameModules, type InstallModulesAction} from '../../plan/module-actions.ts';
import {installDirectory, moduleFile} from '../../sysfs/module-files.ts';
import {readInstalled, storedModule} from '../driver/installed-modules.ts';
import {fileDigest} from '../file-digest.ts';
import {moduleStoreDirectory} from '../state-paths.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

const fileMs = 120_000;
// dracut on a slow disk with everything in it.
const initramfsMs = 900_000;

/** Exchanges the directory of vfctl's modules as a whole. What was there is kept in the store first, so
 * that it can come back. */
export const installModules: ActionHandler<InstallModulesAction> = {
	async observe({host: {files}}, {kernel, from, to}) {
		const seen = readInstalled(files, kernel);
		return compare(sameModules(seen, from), sameModules(seen, to), `${installDirectory(kernel)} has other modules`);
	},

	async apply(context, action) {
		const {host: {files}} = context;
		const {kernel, to, gone = false} = action;
		await keepPresent(context, kernel);
		if (!sameModules(readInstalled(files, kernel), to)) {
			await exchange(context, action);
		}

		if (gone) {
			await removeEmpty(context, action);
			return;
		}

		// These also when the files were right already: the process may have died between.
		await must(context, ['depmod', kernel], 'the index of the modules cannot be made', fileMs);
		await verify(context, action);
		await makeInitramfs(context, action);
	},
};

/** The directory of a kernel that was removed was there for these modules alone. */
async function removeEmpty(context: ActionContext, {kernel, to}: InstallModulesAction): Promise<void> {
	if (!sameModules(readInstalled(context.host.files, kernel), to)) {
		throw await stepFailed(context.host, `${installDirectory(kernel)} does not have what was put there`, {why: 'reading it back gave something else'});
	}

	for (const directory of [`/lib/modules/${kernel}/updates`, `/lib/modules/${kernel}`]) {
		if (context.host.files.exists(directory)) {
			await must(context, ['rmdir', '--ignore-fail-on-non-empty', directory], `${directory} cannot be removed`, fileMs);
		}
	}
}

/** Puts what is installed now into the store. */
async function keepPresent(context: ActionContext, kernel: string): Promise<void> {
	const {files} = context.host;
	for (const name of builtModules) {
		const path = `${installDirectory(kernel)}/${name}.ko`;
		const digest = fileDigest(files, path);
		if (digest !== null && fileDigest(files, storedModule(digest)) !== digest) {
			await must(context, ['mkdir', '--parents', '--mode=0700', moduleStoreDirectory], 'the installed modules cannot be kept', fileMs);
			await must(context, ['cp', '--no-target-directory', path, storedModule(digest)], 'the installed modules cannot be kept', fileMs);
			await must(context, ['sync', storedModule(digest), moduleStoreDirectory], 'the installed modules cannot be kept', fileMs);
		}
	}
}

/** Prepares the new directory beside the kernels, where depmod does not look, and renames. */
async function exchange(context: ActionContext, {kernel, to}: InstallModulesAction): Promise<void> {
	const {files} = context.host;
	const target = installDirectory(kernel);
	const [fresh, old] = [`/lib/modules/.vfctl-new-${kernel}`, `/lib/modules/.vfctl-old-${kernel}`];
	const step = async (...argv: [string, ...string[]]) => must(context, argv, `the modules of ${kernel} cannot be put in place`, fileMs);
	await step('rm', '--recursive', '--force', fresh, old);
	if (hasModules(to)) {
		await step('mkdir', '--parents', '--mode=0755', fresh, `/lib/modules/${kernel}/updates`);
		for (const name of builtModules) {
			const digest = to[name];
			if (digest !== null) {
				await requireStored(context, name, digest);
				await step('install', '--mode=0644', '--no-target-directory', storedModule(digest), `${fresh}/${name}.ko`);
			}
		}

		await step('sync', ...files.list(fresh).map(name => `${fresh}/${name}`), fresh);
	}

	if (files.exists(target)) {
		await step('mv', '--no-target-directory', target, old);
	}

	if (hasModules(to)) {
		await step('mv', '--no-target-directory', fresh, target);
	} else if (files.exists(`/lib/modules/${kernel}/updates`)) {
		// Most kernels had none before; one with other modules in it stays.
		await step('rmdir', '--ignore-fail-on-non-empty', `/lib/modules/${kernel}/updates`);
	}

	await step('sync', `/lib/modules/${kernel}`);
	await step('rm', '--recursive', '--force', old);
}

async function requireStored({host}: ActionContext, name: string, digest: string): Promise<void> {
	if (fileDigest(host.files, storedModule(digest)) !== digest) {
		throw await stepFailed(host, `${name}.ko is not there any more`, {why: `${storedModule(digest)} is missing, or has other content`, fix: 'vfctl driver build, then vfctl driver install'});
	}
}

/** The files are what they should be, and modprobe finds them. */
async function verify({host}: ActionContext, {kernel, to}: InstallModulesAction): Promise<void> {
	if (!sameModules(readInstalled(host.files, kernel), to)) {
		throw await stepFailed(host, `${installDirectory(kernel)} does not have what was put there`, {why: 'reading it back gave something else'});
	}

	for (const name of builtModules) {
		const [found, own] = [moduleFile(host.files, kernel, name), `${installDirectory(kernel)}/${name}.ko`];
		if (to[name] !== null && found !== own) {
			throw await stepFailed(host, `modprobe would not take vfctl's ${name}`, {why: `depmod prefers ${found ?? 'nothing'}`, fix: 'look at `search` and `override` in /etc/depmod.d'});
		}

		if (to[name] === null && found === own) {
			throw await stepFailed(host, `modprobe would still take vfctl's ${name}`, {why: 'depmod ended well and modules.dep names it', fix: `depmod ${kernel}`});
		}
	}
}

async function makeInitramfs(context: ActionContext, {kernel, initramfs}: InstallModulesAction): Promise<void> {
	if (initramfs !== null) {
		await must(context, initramfsCommand(initramfs, kernel), `the initramfs of ${kernel} cannot be made`, initramfsMs);
	}
}

async function must({host}: ActionContext, argv: readonly [string, ...string[]], what: string, timeoutMs: number): Promise<void> {
	const {code, stderr} = await host.runner.run(argv, {timeoutMs});
	if (code !== 0) {
		throw await stepFailed(host, what, {why: stderr.trim().split('\n').slice(-4).join('\n') || `${argv[0]} ended with ${code}`, fix: argv.join(' ')});
	}
}
