// Looks for lines that `vfctl explain` stumbles over: node dist/bench/explain/fuzz.js [LINES [SEED]]
// Ends with 1 where something was thrown, or a line took longer than is bearable.
import {createExplainer, type Explainer} from '../../lib/model/explain/explainer.ts';
import {printable} from '../../lib/render/output.ts';
import {explainText} from '../../lib/render/explain-text.ts';
import {explainView} from '../../lib/render/explain-view.ts';
import {hostileLines} from './hostile.ts';

const [lines = '100000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
const anew = 5000;
const shownSlow = 5;
const bearableMs = 250;

interface Slow {
	ms: number;
	line: Buffer;
}

let slowest: Slow[] = [];
let bytes = 0;
let explained = 0;
let failures = 0;
let explainer: Explainer = createExplainer({nowMs: 0});
let count = 0;
for (const line of hostileLines(Number(seed))) {
	if (count++ === Number(lines)) {
		break;
	}

	bytes += line.length;
	const before = process.cpuUsage();
	try {
		explainer.push(line);
		explainer.push('\n');
		if (count % anew === 0) {
			explained += tell(explainer);
			explainer = createExplainer({nowMs: 0});
		}
	} catch (error) {
		failures++;
		console.log(`line ${count} of seed ${seed}: ${(error as Error).stack}\n  ${JSON.stringify(line.toString('latin1').slice(0, 300))}`);
	}

	const {user, system} = process.cpuUsage(before);
	const ms = (user + system) / 1000;
	if (count % anew !== 0 && (slowest.length < shownSlow || ms > slowest.at(-1)!.ms)) {
		slowest = [...slowest, {ms, line}].toSorted((a, b) => b.ms - a.ms).slice(0, shownSlow);
	}
}

console.log(`seed ${seed}: ${lines} lines, ${(bytes / 1e6).toFixed(1)} MB, ${explained} explained things, ${failures} failures; the slowest lines took processor time:`);
for (const {ms, line} of slowest) {
	console.log(`  ${ms.toFixed(1)} ms, ${line.length} bytes: ${JSON.stringify(line.toString('latin1').slice(0, 100))}`);
}

process.exitCode = failures > 0 || slowest.some(({ms}) => ms > bearableMs) ? 1 : 0;

/** Told as the command tells it; nothing of it may drive a terminal. */
function tell(of: Explainer): number {
	const view = explainView(of.report());
	const text = printable(explainText(view, {verbose: true}));
	// eslint-disable-next-line no-control-regex
	if (/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/.test(text)) {
		throw new Error('a control character in the output');
	}

	JSON.stringify(view);
	return view.explained.length;
}
