// What of the host the methods of carrying packets depend on.
import type {FileReader} from '../host/host.ts';
import {holderOf} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {MethodHost} from '../model/method-host.ts';
import type {Pf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import {readNumber} from './attributes.ts';

const hugepages = '/sys/kernel/mm/hugepages';

/** The facts; `pfs` are those that are asked about. */
export function readMethodHost(files: FileReader, inventory: Inventory, {pfs, openvswitchBridges}: {pfs: readonly Pf[]; openvswitchBridges: readonly string[] | null}): MethodHost {
	const guests = inventory.guests ?? [];
	return {
		iommu: inventory.kernel.iommu,
		pfs: pfs.map(pf => ({name: pfName(pf), numVfs: pf.numVfs, totalVfs: pf.totalVfs, freeVfs: pf.vfs.filter(vf => holderOf(vf, inventory).kind === 'nobody').length})),
		vhostNet: files.exists('/sys/module/vhost_net') || files.exists('/dev/vhost-net'),
		bridges: [...inventory.netdevs.values()].filter(({kind}) => kind === 'bridge').map(({name}) => name),
		openvswitchBridges,
		// Documentation/admin-guide/mm/hugetlbpage.rst
		hugepages: files.list(hugepages).flatMap(name => {
			const sizeKiB = /^hugepages-(\d+)kB$/.exec(name)?.[1];
			return sizeKiB === undefined ? [] : [{sizeKiB: Number(sizeKiB), total: readNumber(files, `${hugepages}/${name}/nr_hugepages`) ?? 0, free: readNumber(files, `${hugepages}/${name}/free_hugepages`) ?? 0}];
		}),
		guests: inventory.guests?.length ?? null,
		sharingGuests: guests.filter(({live, config}) => (live ?? config)?.memoryIsShared === true).length,
	};
}
