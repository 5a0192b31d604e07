// Signs a module for a kernel that asks for it.
import {AppError} from '../../errors.ts';
import {configString} from '../../model/kernel-version.ts';
import {mustRun, runBuildTool, type BuildRun} from './build-tools.ts';

export interface SigningKey {
	/** Private key: a PEM file, or a pkcs11: URI. */
	key: string;
	/** Certificate: PEM or DER. */
	certificate: string;
}

/** Signs the module at `path` in place with the kernel's own sign-file, or kmodsign. Gives back whose
 * signature modinfo sees. The same key gives the same bytes. */
export async function signModule(run: BuildRun, {kernel, path, signing}: {kernel: string; path: string; signing: SigningKey}): Promise<string> {
	const {files} = run.host;
	for (const [what, file] of [['key', signing.key], ['certificate', signing.certificate]] as const) {
		if (!file.startsWith('pkcs11:') && files.readBytes(file) === undefined) {
			throw new AppError('USAGE', `the ${what} ${file} cannot be read`, {why: 'it is not there, or this user may not read it', fix: `--sign-${what === 'key' ? 'key' : 'cert'} FILE`});
		}
	}

	const build = `/lib/modules/${kernel}/build`;
	const hash = configString(files.readText(`${build}/.config`) ?? files.readText(`/boot/config-${kernel}`) ?? '', 'CONFIG_MODULE_SIG_HASH') ?? 'sha256';
	const program = [`${build}/scripts/sign-file`, '/usr/bin/kmodsign'].find(one => files.exists(one));
	if (program === undefined) {
		throw new AppError('NO_KERNEL_SOURCE', 'no program to sign modules with is installed', {why: `${build}/scripts/sign-file is not there, nor is kmodsign`, fix: `apt install linux-headers-${kernel} (Ubuntu: apt install sbsigntool)`});
	}

	const {code, stderr} = await runBuildTool(run, [program, hash, signing.key, signing.certificate, path]);
	const signer = code === 0 ? (await mustRun(run, ['modinfo', '-F', 'signer', path], 'the signature cannot be read')).trim() : '';
	if (signer === '') {
		throw new AppError('DRIVER_BUILD_FAILED', `${path.split('/').at(-1)} cannot be signed`, {
			why: stderr.trim().split('\n').slice(-3).join('\n') || (code === 0 ? 'sign-file ended well and modinfo sees no signature' : `sign-file ended with ${code}`),
			fix: 'do key and certificate belong together? A passphrase goes into KBUILD_SIGN_PIN',
		});
	}

	return signer;
}
