// How fast `vfctl explain` reads: MB for a second of processor time on a made log, and how grep with the same patterns does on it.
// npm run bench:explain [-- MEGABYTES [ONE-IN...]]; needs GNU time
import {spawnSync} from 'node:child_process';
import {appendFileSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {catalogue} from '../../lib/model/messages/catalogue.ts';
import {logPieces} from './make-log.ts';

const program = fileURLToPath(new URL('../../vfctl.cjs', import.meta.url));
const [megabytes = '200', ...rates] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'vfctl-bench-explain-'));
try {
	for (const every of rates.length === 0 ? [1000, 50, 1] : rates.map(Number)) {
		measure(every);
	}
} finally {
	rmSync(directory, {recursive: true});
}

function measure(every: number): void {
	const log = join(directory, 'log');
	writeFileSync(log, '');
	for (const piece of logPieces({bytes: Number(megabytes) * 1e6, every, seed: 1})) {
		appendFileSync(log, piece);
	}

	const patterns = join(directory, 'patterns');
	writeFileSync(patterns, catalogue.map(({pattern}) => extended(pattern)).join('\n'));
	const size = statSync(log).size / 1e6;
	const ours = timed('vfctl explain', size, [process.execPath, program, 'explain', log, '--json']);
	const cat = timed('cat', size, ['cat', log]);
	const grep = timed('grep -E -c -f', size, ['grep', '-E', '-c', '-f', patterns, log]);
	console.log(`one line in ${every} is in the catalogue (${catalogue.length} patterns, ${Math.round(size)} MB): vfctl explain takes ${(ours.seconds / grep.seconds).toFixed(2)} of grep's time, ${(ours.seconds / cat.seconds).toFixed(0)} times cat's; at most ${ours.rssMiB} MiB of memory\n`);
}

/** The pattern as grep -E takes it: without names of groups and without looking ahead. */
function extended({source}: RegExp): string {
	return source.replaceAll(/\(\?<\w+>|\(\?:/g, '(').replaceAll(/\(\?<?[=!][^()]*(?:\([^()]*\)[^()]*)*\)/g, '').replaceAll('\\d', '[0-9]').replaceAll(/\[([^\]]*)\[0-9\]/g, '[$10-9').replaceAll(/([*+?}])\?/g, '$1').replaceAll('\\/', '/');
}

/** Processor time, which other programs on the machine do not change much. */
function timed(name: string, megabytesRead: number, argv: readonly string[]): {seconds: number; rssMiB: number} {
	const {status, stderr} = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...argv], {stdio: ['ignore', openSync('/dev/null', 'w'), 'pipe'], encoding: 'utf8'});
	const [user = 0, system = 0, rssKiB = 0] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
	const seconds = Math.max(user + system, 0.01);
	console.log(`${name.padEnd(16)} ${seconds.toFixed(2).padStart(7)} s ${(megabytesRead / seconds).toFixed(0).padStart(6)} MB/s, status ${status}${stderr.includes('grep:') ? `: ${stderr.split('\n')[0]}` : ''}`);
	return {seconds, rssMiB: Math.round(rssKiB / 1024)};
}
