// The file behind shared memory: QEMU makes it in /dev/shm and neither QEMU nor libvirt takes it away
// (qemuDomainDetachShmemDevice removes the object, not its file).
import {parseDomain} from '../libvirt/domain-xml.ts';
import type {DetachDeviceAction} from '../plan/action.ts';
import type {ActionContext} from './actions/handler.ts';

/** Removes the file when no definition of any guest names it any more. An attach is refused where
 * such a file is somebody else's, so here it is the guests'. */
export async function removeSharedMemory(context: ActionContext, {network: name}: DetachDeviceAction): Promise<void> {
	const path = `/dev/shm/${name}`;
	// The name comes from a journal, too: nothing outside of /dev/shm is ever meant.
	if (name === null || !/^\w[\w.-]*$/.test(name) || !context.host.files.exists(path)) {
		return;
	}

	const libvirt = await context.libvirt();
	const definitions = (await libvirt.listDomains()).map(record => parseDomain(record)).flatMap(({live, config}) => [live, config]);
	if (!definitions.some(definition => definition?.sharedMemory.some(memory => memory.name === name))) {
		await context.host.files.removeFile(path);
	}
}
