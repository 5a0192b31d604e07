// Under which conditions something was measured.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import type {BenchEndFacts, BenchHost} from '../../model/bench-result.ts';
import {parseCpuList} from '../../model/cpu-list.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Argv, BenchPlace} from './place.ts';

/** The host. */
export async function readBenchHost({files, runner}: Host, inventory: Inventory): Promise<BenchHost> {
	const cpus = parseCpuList(files.readText('/sys/devices/system/cpu/online') ?? '')?.length ?? 0;
	return {
		kernel: inventory.kernel.release,
		cpus: cpus === 0 ? null : cpus,
		cpuModel: /^model name\s*:\s*(\S.{0,99})/m.exec(files.readText('/proc/cpuinfo') ?? '')?.[1]?.trim() ?? null,
		virtualization: await readVirtualization(runner),
	};
}

/** systemd-detect-virt(1): it ends with 1 and prints `none` on hardware. */
async function readVirtualization(runner: Host['runner']): Promise<string | null> {
	try {
		const {stdout} = await runner.run(['systemd-detect-virt', '--vm']);
		return /^[\w-]{1,40}$/.exec(stdout.trim())?.[0] ?? null;
	} catch (error) {
		if (error instanceof AppError && error.code === 'TOOL_MISSING') {
			return null;
		}

		throw error;
	}
}

/** One end, whose interface is of that name. */
export async function readEndFacts(place: BenchPlace, address: string, name: string | null): Promise<BenchEndFacts> {
	const text = async (...argv: Argv) => {
		const {code, stdout} = await place.run(argv);
		return code === 0 ? stdout.trim().slice(0, 200) : '';
	};

	const ofInterface = async (attribute: string, ...argv: Argv) => name === null ? '' : text(...argv, `/sys/class/net/${name}/${attribute}`);
	return {
		address,
		interface: name,
		driver: (await ofInterface('device/driver', 'readlink')).split('/').at(-1) || null,
		mtuBytes: wholeNumber(await ofInterface('mtu', 'cat')),
		kernel: /^\S{1,80}$/.exec(await text('uname', '-r'))?.[0] ?? null,
		cpus: wholeNumber(await text('nproc')),
	};
}

function wholeNumber(text: string): number | null {
	return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}
