// Which distribution a host runs: os-release(5), whose second place is for those without the first.
import type {FileReader} from '../host/host.ts';
import {distributionOf, type Distribution} from '../model/distribution.ts';

/** By what os-release tells, and the release of the kernel. */
export function readDistribution(files: FileReader, kernelRelease: string): Distribution {
	return distributionOf(files.readText('/etc/os-release') ?? files.readText('/usr/lib/os-release'), kernelRelease);
}
