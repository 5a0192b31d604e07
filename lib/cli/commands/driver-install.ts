// vfctl driver install | uninstall | prune
import {resolve} from 'node:path';
import {AppError} from '../../errors.ts';
import {readDkms, readDkmsTemplates} from '../../exec/driver/read-dkms.ts';
import {readInstalled} from '../../exec/driver/installed-modules.ts';
import {initramfsOf} from '../../exec/driver/read-initramfs.ts';
import {readLeftovers, type DriverLeftovers} from '../../exec/driver/read-leftovers.ts';
import {removeLeftovers} from '../../exec/driver/remove-leftovers.ts';
import type {SigningKey} from '../../exec/driver/sign-module.ts';
import {stageModules} from '../../exec/driver/stage-modules.ts';
import type {Host} from '../../host/host.ts';
import {realFiles} from '../../host/real-files.ts';
import {dkmsActions, dkmsRemoval} from '../../plan/dkms.ts';
import {hasModules} from '../../plan/module-actions.ts';
import type {Program} from '../../plan/persist/texts.ts';
import {planInstall, planPrune, planUninstall, type InstallFacts} from '../../plan/plan-install.ts';
import {prunedText} from '../../render/driver-status-text.ts';
import {isKernelGone} from '../../sysfs/module-files.ts';
import {readModuleSecurity} from '../../sysfs/module-security.ts';
import type {CommandContext} from '../context.ts';
import {kernelArgument} from '../kernel-argument.ts';
import {ownKernelModule} from '../own-kernel-module.ts';
import {ownProgram, requireSafeProgram} from '../own-program.ts';
import {version} from '../version.ts';
import {runPlanned} from './run-plan.ts';

export interface InstallArguments {
	kernel?: string | undefined;
	signKey?: string | undefined;
	signCert?: string | undefined;
	dkms: boolean;
}

/** Puts the built modules in place for the next boot. */
export async function runInstall(context: CommandContext, args: InstallArguments): Promise<void> {
	const {host, signal, options: {dryRun}} = context;
	const kernel = kernelArgument(host, args.kernel);
	const signing = signingKey(args);
	requireKernel(host, kernel);
	await runPlanned(context, {
		destructive: () => false,
		async plan() {
			const {modules, signer} = await stageModules({host, signal}, {kernel, signing, keep: !dryRun});
			const plan = planInstall(await readFacts(host, kernel), modules, signer);
			return args.dkms ? {...plan, actions: [...plan.actions, ...dkmsActions(readDkms(host.files, version), readDkmsTemplates(realFiles(), ownKernelModule()), safeProgram(host))]} : plan;
		},
	});
}

/** Takes them away. */
export async function runUninstall(context: CommandContext, args: {kernel?: string | undefined; dkms: boolean}): Promise<void> {
	const {host} = context;
	const kernel = kernelArgument(host, args.kernel);
	requireKernel(host, kernel);
	await runPlanned(context, {
		destructive: () => false,
		async plan() {
			const plan = planUninstall(await readFacts(host, kernel));
			// First, because what DKMS built would be found as soon as ours is gone.
			return args.dkms ? {...plan, actions: [...dkmsRemoval(readDkms(host.files, version)), ...plan.actions]} : plan;
		},
	});
}

/** Takes away what was left for kernels that were removed, and modules that nobody can ask for. */
export async function runPrune(context: CommandContext): Promise<void> {
	const {host, signal, options: {dryRun}} = context;
	let found: DriverLeftovers = {installed: [], builds: [], stored: []};
	await runPlanned(context, {
		destructive: () => false,
		plan() {
			found = readLeftovers(host.files);
			return planPrune(found.installed);
		},
		afterwards: async () => removeLeftovers({host, signal}, found),
		more: () => ({text: prunedText(found, dryRun), json: {builds: found.builds, stored: found.stored}}),
	});
}

/** The program that DKMS would start as root at every new kernel. */
function safeProgram({name}: Host): Program {
	const program = ownProgram();
	if (name === 'live') {
		requireSafeProgram(program);
	}

	return program;
}

async function readFacts(host: Host, kernel: string): Promise<InstallFacts> {
	return {kernel, installed: readInstalled(host.files, kernel), initramfs: await initramfsOf(host, kernel), security: readModuleSecurity(host.files)};
}

function requireKernel({files}: Host, kernel: string): void {
	if (hasModules(readInstalled(files, kernel)) && isKernelGone(files, kernel)) {
		throw new AppError('NO_KERNEL_SOURCE', `the kernel ${kernel} was removed`, {why: `/lib/modules/${kernel} has nothing but what was put beside it`, fix: 'vfctl driver prune takes the drivers for it away'});
	}

	if (!files.exists(`/lib/modules/${kernel}/modules.dep`)) {
		throw new AppError('NO_KERNEL_SOURCE', `the kernel ${kernel} is not installed`, {why: `/lib/modules/${kernel} has no modules.dep`, fix: 'ls /lib/modules, and name one with --kernel'});
	}
}

function signingKey({signKey, signCert}: InstallArguments): SigningKey | null {
	if ((signKey === undefined) !== (signCert === undefined)) {
		throw new AppError('USAGE', '--sign-key and --sign-cert go together', {why: 'a signature needs the private key and its certificate', fix: '--sign-key KEY --sign-cert CERTIFICATE'});
	}

	return signKey === undefined || signCert === undefined ? null : {key: signKey.startsWith('pkcs11:') ? signKey : resolve(signKey), certificate: resolve(signCert)};
}
