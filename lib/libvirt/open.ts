// Opens libvirt. koffi and everything around it is loaded here, so that a command that does not
// ask libvirt does not pay for it.
import type {KoffiLibvirtOptions} from './koffi-libvirt.ts';
import type {Libvirt} from './libvirt.ts';

export type {KoffiLibvirtOptions} from './koffi-libvirt.ts';

/** The libvirt at the URI (qemu:///system); rejects with LIBVIRT_MISSING or LIBVIRT_UNREACHABLE. */
export async function openLibvirt(uri: string, options: KoffiLibvirtOptions = {}): Promise<Libvirt> {
	const {KoffiLibvirt} = await import('./koffi-libvirt.ts');
	return KoffiLibvirt.open(uri, options);
}
