// Runs a script that lets something go and come again and again, and reads what rounds.sh tells of the kernel.
import type {Lab} from '../../../lab/lab.ts';

// Documentation/admin-guide/tainted-kernels.rst: 7 died, 9 warned, 14 soft lockup.
const broken = 1 << 7 | 1 << 9 | 1 << 14;

/** Runs a script of test/lab/helpers to its end; gives back what it said, with `ended STATUS`, and whether the kernel
 * is tainted by trouble. */
export async function runRounds(lab: Lab, script: string, {args, timeoutMs}: {args: ReadonlyArray<string | number>; timeoutMs: number}): Promise<{output: string; tainted: boolean}> {
	for (const name of [script, 'rounds.sh']) {
		await lab.put(`test/lab/helpers/${name}`, `/root/${name}`);
	}

	await lab.exec('dmesg --clear');
	// By itself: an ssh connection of a quarter of an hour was seen to end in the middle.
	await lab.exec(`(setsid sh /root/${script} ${args.join(' ')}; echo "ended $?") >/run/rounds.log 2>&1 </dev/null &`);
	await lab.waitFor('grep -q ^ended /run/rounds.log', {timeoutMs, everyMs: 3000});
	const {stdout} = await lab.exec('cat /run/rounds.log');
	return {output: stdout, tainted: (Number((await lab.exec('cat /proc/sys/kernel/tainted')).stdout) & broken) !== 0};
}

/** What was said with these first words: the rest of each line. */
export function lines(output: string, ...words: string[]): string[][] {
	return output.split('\n').map(line => line.split(' ')).filter(line => words.every((word, index) => line[index] === word)).map(line => line.slice(words.length));
}

/** Names with more at the end than at the beginning, by at least `most`; the largest first. */
export function grown(output: string, what: 'objects' | 'memory', most: number): Array<[string, number]> {
	const begun = new Map(lines(output, what, 'begin').map(([name, count]) => [name, Number(count)]));
	return lines(output, what, 'end').map(([name, count]): [string, number] => [name!, Number(count) - (begun.get(name) ?? 0)])
		.filter(([, more]) => more >= most).toSorted((a, b) => b[1] - a[1]);
}
