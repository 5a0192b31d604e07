// How reliable is the lab? Restores it again and again, with the whole exercise each time.
// usage: node dist/test/lab/helpers/endurance.js [clean|guests] [RUNS]
import {Lab} from '../../../lab/lab.ts';
import {reportToStderr} from '../../../lab/progress.ts';
import {exerciseGuests} from './exercise.ts';

const point = process.argv[2] === 'clean' ? 'clean' : 'guests';
const runs = Number(process.argv[3] ?? 10);
const lab = await Lab.start({name: `endurance-${process.pid}`, point, report: reportToStderr});
let passed = 0;
for (let index = 1; index <= runs; index++) {
	const times: string[] = [];
	const step = async (title: string, work: () => Promise<unknown>): Promise<void> => {
		const start = performance.now();
		times.push(title);
		await work();
		times.push(`${((performance.now() - start) / 1000).toFixed(1)} s,`);
	};

	const start = performance.now();
	try {
		await step('restore', async () => lab.restore(point));
		await exerciseGuests(lab, step);
		passed++;
		times.push('passed');
	} catch (error) {
		times.push(`FAILED: ${String(error)} ${(error as {why?: string}).why ?? ''}`);
	}

	console.log(`${index}/${runs} ${((performance.now() - start) / 1000).toFixed(1)} s: ${times.join(' ')}`);
}

console.log(`${passed} of ${runs} passed from '${point}'`);
await lab.down();
process.exitCode = passed === runs ? 0 : 1;
