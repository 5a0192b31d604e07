// npm run bench: how fast vfctl is compared with what else there is, as ratios of runs that
// followed each other on this machine.
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {missingForLibvirtd} from '../test/helpers/private-libvirtd.ts';
import {benchAttach} from './attach.ts';
import {benchList} from './list.ts';
import {missingPackages} from './played-host.ts';
import {benchStart} from './start.ts';
import {tableText, type Row} from './table.ts';

const parts: Record<string, (vfctl: string, tell: (text: string) => void) => Promise<Row[]>> = {
	list: benchList,
	start: benchStart,
	attach: benchAttach,
};

const usage = `npm run bench -- [--only ${Object.keys(parts).join('|')}] [--json]`;

/** Runs the parts and prints the table; the exit status. */
async function main(): Promise<number> {
	const {values} = parseArgs({options: {only: {type: 'string', multiple: true}, json: {type: 'boolean', default: false}}});
	const chosen = values.only ?? Object.keys(parts);
	const unknown = chosen.find(name => parts[name] === undefined);
	if (unknown !== undefined) {
		console.error(`there is no part '${unknown}': ${usage}`);
		return 2;
	}

	const problem = missing();
	if (problem !== undefined) {
		console.error(problem);
		return 8;
	}

	const vfctl = path.join(path.dirname(fileURLToPath(import.meta.url)), '../vfctl.cjs');
	const rows: Row[] = [];
	for (const name of chosen) {
		rows.push(...await parts[name]!(vfctl, text => {
			console.error(text);
		}));
	}

	process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 2)}\n` : `\n${tableText(rows)}\n${legend}`);
	return 0;
}

const legend = 'ratio: vfctl to the other, median of paired runs; below 1 vfctl is faster.\nms: median (shortest). They hold for this machine and this hour only; compare the ratios.\n';

function missing(): string | undefined {
	const packages = missingPackages();
	return packages.length > 0 ? `the benchmarks need: apt-get install --no-install-recommends ${packages.join(' ')}` : missingForLibvirtd();
}

process.exitCode = await main();
