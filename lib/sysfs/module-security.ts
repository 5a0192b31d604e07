// What the kernel asks of a module before it takes it.
import type {FileReader} from '../host/host.ts';
import type {ModuleSecurity} from '../model/driver-status.ts';
import {readAttribute, readNumber} from './attributes.ts';

// EFI_GLOBAL_VARIABLE of the UEFI specification. efivarfs puts four bytes of attributes before the value.
const secureBootVariable = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
const attributeBytes = 4;

/** Lockdown, Secure Boot, enforced signatures and taints. Lockdown takes only signed modules from
 * `integrity` on (LOCKDOWN_MODULE_SIGNATURE in security/lockdown/lockdown.c). */
export function readModuleSecurity(files: FileReader): ModuleSecurity {
	// `none [integrity] confidentiality`
	const chosen = /\[(none|integrity|confidentiality)\]/.exec(files.readText('/sys/kernel/security/lockdown') ?? '')?.[1];
	const lockdown = chosen === undefined ? null : chosen as NonNullable<ModuleSecurity['lockdown']>;
	const bytes = files.readBytes(secureBootVariable);
	return {
		lockdown,
		secureBoot: files.exists('/sys/firmware/efi') ? bytes?.[attributeBytes] === 1 : null,
		onlySigned: (lockdown !== null && lockdown !== 'none') || readAttribute(files, '/sys/module/module/parameters/sig_enforce') === 'Y',
		tainted: readNumber(files, '/proc/sys/kernel/tainted') ?? null,
	};
}
