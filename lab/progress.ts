// Takes one line of progress; the command line prints it, tests may drop it.
export type Report = (line: string) => void;

// Prints progress on stderr, so that stdout stays the output of the command.
export const reportToStderr: Report = line => {
	process.stderr.write(`lab: ${line}\n`);
};

// Says nothing.
export const silent: Report = () => {};

// Runs one stage: says what starts, and how long it took.
export async function stage<T>(report: Report, title: string, work: () => Promise<T>): Promise<T> {
	report(`${title} ...`);
	const start = performance.now();
	const result = await work();
	report(`${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
	return result;
}
