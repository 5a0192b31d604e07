// Who needs the forwarding module.
import type {FileReader} from '../../host/host.ts';
import {forwardModule} from '../../model/driver-build.ts';
import {forwardingPfs} from '../../sysfs/read-forward.ts';

/** Why a module has to stay: the kernel would let vfctl_fwd go while it passes frames on. Undefined:
 * it may go. */
export function forwardUse(files: FileReader, module: string): string | undefined {
	const pfs = module === forwardModule ? [...forwardingPfs(files) ?? []] : [];
	return pfs.length === 0 ? undefined : `it passes frames of ${pfs.join(', ')} on`;
}
