// Versions of everything that has a part in giving devices away: for bug reports.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {readDistribution} from '../sysfs/read-distribution.ts';

export interface Versions {
	vfctl: string;
	node: string;
	kernel: string | null;
	distribution: string | null;
	libvirt: string | null;
	/** By path of the program. */
	qemu: Record<string, string>;
	iproute2: string | null;
	/** Of drivers that are loaded: the version they tell and the sum of their source (modinfo). */
	drivers: Record<string, {version: string | null; srcversion: string | null; taint: string | null}>;
}

// Where packages put it; what else a definition names is not run.
const qemuPath = /^\/usr\/(?:local\/)?(?:s?bin|libexec|lib\/[\w-]+)\/(?:qemu-system-[\w-]+|qemu-kvm|kvm)$/;
const drivers = /^(?:igb|igbvf|ixgbe|ixgbevf|i40e|iavf|ice|mlx\d_core|bnxt_en|bnx2x|qede|nfp|sfc|cxgb4|cxgb4vf|enic|vfio|vfio_pci|vfio_iommu_type1|iommufd|kvm|kvm_intel|kvm_amd|vhost_net|vfctl_\w+)$/;

/** What could not be asked is null or not there. `emulators` are the programs that definitions of
 * guests name. */
export async function readVersions(host: Host, own: Pick<Versions, 'vfctl' | 'node' | 'libvirt'>, emulators: Iterable<string>): Promise<Versions> {
	const {files} = host;
	const attribute = (path: string) => files.readText(path)?.trim() ?? null;
	const qemu: Versions['qemu'] = {};
	for (const path of new Set([...emulators].filter(one => qemuPath.test(one)))) {
		const answer = await firstLine(host, [path, '--version']);
		if (answer !== null) {
			qemu[path] = answer;
		}
	}

	return {
		...own,
		kernel: attribute('/proc/version'),
		distribution: readDistribution(files, '').name,
		qemu,
		iproute2: await firstLine(host, ['ip', '-V']),
		drivers: Object.fromEntries(files.list('/sys/module').filter(name => drivers.test(name)).map(name => [name, {
			version: attribute(`/sys/module/${name}/version`), srcversion: attribute(`/sys/module/${name}/srcversion`), taint: attribute(`/sys/module/${name}/taint`) || null,
		}])),
	};
}

async function firstLine({runner}: Host, argv: readonly [string, ...string[]]): Promise<string | null> {
	try {
		const {code, stdout, stderr} = await runner.run(argv, {timeoutMs: 5000, maxOutputBytes: 64 * 1024});
		return code === 0 ? (stdout.trim() || stderr.trim()).split('\n')[0] ?? null : null;
	} catch (error) {
		if (error instanceof AppError) {
			return null;
		}

		throw error;
	}
}
