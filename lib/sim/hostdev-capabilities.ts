// What libvirt says of a simulated host about devices for guests.
import {groupsPath} from './machine.ts';
import type {Machine} from './machine.ts';

/** VFIO when there are IOMMU groups (qemuHostdevHostSupportsPassthroughVFIO; systemd makes /dev/vfio/vfio
 * before any module is loaded). */
export function hostdevCapabilities({tree}: Machine): string {
	const values = tree.list(groupsPath).length > 0 ? ["        <value>default</value>", "        <value>vfio</value>"] : [];
	return ['<domainCapabilities>', '  <devices>', "    <hostdev supported='yes'>", "      <enum name='pciBackend'>", ...values, '      </enum>', '    </hostdev>', '  </devices>', '</domainCapabilities>', ''].join('\n');
}
