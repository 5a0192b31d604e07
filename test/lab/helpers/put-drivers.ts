import path from 'node:path';
import {ensureDrivers} from '../../../lab/drivers.ts';
import type {OtherKernel} from '../../../lab/kernels.ts';
import type {Lab} from '../../../lab/lab.ts';

/** Puts the drivers that vfctl builds for the lab's kernel where vfctl keeps its builds. Gives back the
 * kernel's release. */
export async function putDrivers(lab: Lab, kernel?: OtherKernel): Promise<string> {
	const drivers = await ensureDrivers({kernel});
	const release = path.basename(drivers);
	await lab.exec(`mkdir -p /var/lib/vfctl/drivers/${release} && chmod -R go-w /var/lib/vfctl`);
	await lab.put(drivers, `/var/lib/vfctl/drivers/${release}`);
	return release;
}
