import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Lab} from '../../../lab/lab.ts';
import {repositoryDirectory} from '../../../lab/paths.ts';
import {run} from '../../../lab/run.ts';

/** Compiles a C file of the repository, with nothing to load, and puts it into the lab as a program. */
export async function putProgram(lab: Lab, source: string, destination: string): Promise<void> {
	const scratch = mkdtempSync(path.join(tmpdir(), 'vfctl-program-'));
	try {
		const program = path.join(scratch, 'program');
		await run(['gcc', '-O2', '-Wall', '-static', '-o', program, path.join(repositoryDirectory, source)], {timeoutMs: 60_000, what: `${source} cannot be compiled`});
		await lab.put(program, destination);
	} finally {
		rmSync(scratch, {recursive: true});
	}

	await lab.exec(['chmod', '+x', destination]);
}
