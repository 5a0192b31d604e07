import {existsSync, readdirSync, readFileSync} from 'node:fs';

// Everything on this machine that still belongs to a directory of a lab: processes, mounts, the directory itself.
export function leftoversOf(directory: string): string[] {
	return [
		...processesWith(directory),
		...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(line => line.includes(directory)).map(line => `mount ${line}`),
		...(existsSync(directory) ? [`directory ${directory}`] : []),
	];
}

// The command lines of the processes that name a directory; guards name the state directory of their lab.
export function processesWith(directory: string): string[] {
	return readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(pid => {
		try {
			const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
			return commandLine.includes(directory) ? [`process ${pid} ${commandLine}`] : [];
		} catch {
			return []; // It ended while we looked.
		}
	});
}
