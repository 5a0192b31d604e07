// Which methods this host can offer, and why not the others.
import type {MethodName} from './method.ts';

/** What was found on the host. */
export interface MethodHost {
	readonly iommu: 'on' | 'off';
	/** PFs that are asked about. */
	readonly pfs: ReadonlyArray<{readonly name: string; readonly numVfs: number; readonly totalVfs: number; readonly freeVfs: number}>;
	/** /dev/vhost-net is there; without it QEMU copies packets itself. */
	readonly vhostNet: boolean;
	readonly bridges: readonly string[];
	/** Null: Open vSwitch is not there. */
	readonly openvswitchBridges: readonly string[] | null;
	readonly hugepages: ReadonlyArray<{readonly sizeKiB: number; readonly total: number; readonly free: number}>;
	/** Null: libvirt does not answer. */
	readonly guests: number | null;
	/** Guests whose memory is shared. */
	readonly sharingGuests: number;
}

export interface Availability {
	readonly available: boolean;
	/** Of this host: what is there, or what is missing. */
	readonly why: string;
}

/** Whether a method can be used now. */
export function availabilityOf(method: MethodName, host: MethodHost): Availability {
	const noLibvirt = method !== 'namespace' && host.guests === null;
	return noLibvirt ? missing('libvirt does not answer') : judges[method](host);
}

const judges: Readonly<Record<MethodName, (host: MethodHost) => Availability>> = {
	sriov: host => host.iommu === 'off' ? missing('the IOMMU is off') : vfs(host),
	macvtap: host => withVhost(vfs(host), host),
	bridge: host => withVhost(host.bridges.length === 0 ? missing('there is no bridge') : there(`bridges: ${host.bridges.join(', ')}`), host),
	openvswitch: host => withVhost(host.openvswitchBridges === null ? missing('Open vSwitch is not there') : host.openvswitchBridges.length === 0 ? missing('Open vSwitch has no bridge') : there(`bridges: ${host.openvswitchBridges.join(', ')}`), host),
	'vhost-user': host => host.sharingGuests === 0 ? missing(`no guest has shared memory; ${pages(host)}`) : there(`guests with shared memory: ${host.sharingGuests}; ${pages(host)}`),
	ivshmem: host => host.guests === 0 ? missing('libvirt has no guests') : there('needs nothing of the host'),
	namespace: host => vfs(host),
};

function vfs({pfs}: MethodHost): Availability {
	if (pfs.length === 0) {
		return missing('no card shows SR-IOV');
	}

	const text = pfs.map(({name, numVfs, totalVfs, freeVfs}) => `${name}: ${freeVfs} of ${numVfs} VFs free, ${totalVfs} possible`).join('; ');
	return pfs.some(({freeVfs, numVfs, totalVfs}) => freeVfs > 0 || (numVfs === 0 && totalVfs > 0)) ? there(text) : missing(text);
}

function withVhost({available, why}: Availability, {vhostNet}: MethodHost): Availability {
	return {available, why: vhostNet ? why : `${why}; no vhost_net, so QEMU itself would copy every packet`};
}

function pages({hugepages}: MethodHost): string {
	const kept = hugepages.filter(({total}) => total > 0);
	return kept.length === 0 ? 'no huge pages' : `huge pages: ${kept.map(({sizeKiB, total, free}) => `${free} of ${total} of ${sizeKiB >= 1024 ? `${sizeKiB / 1024} MiB` : `${sizeKiB} KiB`} free`).join(', ')}`;
}

function there(why: string): Availability {
	return {available: true, why};
}

function missing(why: string): Availability {
	return {available: false, why};
}
