// Lists all guests many times and prints by how much the memory of this process grew, in bytes.
// A process of its own: the threads of a test run share one memory.
import {openLibvirt} from '../../lib/libvirt/open.ts';

const [uri = '', warmUp = '100', times = '900'] = process.argv.slice(2);
const libvirt = await openLibvirt(uri);
const list = async (count: number) => {
	for (let time = 0; time < count; time++) {
		await libvirt.listDomains();
	}
};

await list(Number(warmUp));
global.gc?.();
const before = process.memoryUsage.rss();
await list(Number(times));
global.gc?.();
process.stdout.write(JSON.stringify({guests: (await libvirt.listDomains()).length, grownBytes: process.memoryUsage.rss() - before}));
await libvirt.close();
