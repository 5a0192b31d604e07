// A program in namespaces of its own, which dies with this process.
import {spawn, type ChildProcess} from 'node:child_process';

/** Runs a shell script in new namespaces, named by options of unshare(1), until it prints its first line. The script
 * gets the parameters. Rejects with `missing` and what was said when it ends before. */
export async function untilReady(namespaces: readonly string[], script: readonly string[], {parameters = [], missing}: {parameters?: readonly string[]; missing: string}): Promise<ChildProcess> {
	const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, '--propagation', 'private', 'sh', '-ec', script.join('\n'), 'sh', ...parameters], {stdio: ['ignore', 'pipe', 'pipe']});
	let said = '';
	child.stderr.on('data', data => {
		said += String(data);
	});
	await new Promise<void>((resolve, reject) => {
		child.stdout.once('data', () => {
			resolve();
		});
		child.once('error', reject);
		child.once('exit', code => {
			reject(new Error(`${missing}: ${said.trim() || `exit status ${code}`}`));
		});
	});
	return child;
}
