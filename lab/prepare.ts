import {chooseAccelerator} from './accelerator.ts';
import {dropEntries} from './cache.ts';
import {ensureDebugTree} from './debug-kernel.ts';
import {ensureImages} from './images.ts';
import {kindFor, type OtherKernel, usualKernel} from './kernels.ts';
import type {Parts} from './machine.ts';
import {reportToStderr, type Report} from './progress.ts';
import {requireTools} from './tools.ts';
import {ensureTree} from './tree.ts';

// Everything a machine is made of, built where the cache lacks it. `fresh` takes newer packages from Debian.
export async function prepare({kernel = usualKernel, report = reportToStderr, fresh = false}: {kernel?: OtherKernel | undefined; report?: Report; fresh?: boolean} = {}): Promise<Parts> {
	requireTools();
	if (fresh) {
		await dropEntries(['guests', 'clean', 'images', 'tree'].map(kind => kindFor(kernel, kind)));
	}

	const tree = kernel === 'debug' ? await ensureDebugTree(report) : await ensureTree(kernel, report);
	const images = await ensureImages(tree, report);
	return {tree, images, accelerator: await chooseAccelerator(tree, images, report)};
}
