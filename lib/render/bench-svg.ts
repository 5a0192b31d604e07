// The result of a measurement as a picture: for each test a group of bars, one for each method, as
// long as the median, with a whisker from the least to the most of the runs.
import {escapeXml} from '../libvirt/render-template.ts';
import {mainFigure, type Spread} from '../model/bench.ts';
import type {BenchResult} from '../model/bench-result.ts';
import {byTest, directionText, endText, figureText, ratioText, testTitles} from './bench-figures.ts';
import {printable} from './output.ts';

const width = 760;
const margin = 24;
const labels = 120;
const values = 240;
const left = margin + labels;
const barSpace = width - left - values - margin;
const barHeight = 18;
const rowHeight = 28;
const groupHead = 30;
const groupGap = 18;
const headHeight = 62;
const lineHeight = 16;
// Characters of a line of notes: 12 px letters are about 6 px wide.
const noteLength = 112;

// Told apart without colour too: each bar has its method beside it. Both sets have a contrast of 3
// and more to their background (WCAG 2.1, 1.4.11).
const light = ['#2a6fbb', '#b5591c', '#2f7d4f', '#7a52a8'];
const dark = ['#5ea2f0', '#e8925a', '#5cb983', '#b18ae0'];

const style = [
	'.back{fill:#ffffff}.text{fill:#1c2430}.dim{fill:#566070}.axis{stroke:#8a94a3}.whisker{stroke:#1c2430}.halo{stroke:#ffffff}',
	...light.map((color, index) => `.bar${index}{fill:${color}}`),
	'text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:13px}.title{font-size:17px;font-weight:600}.group{font-weight:600}.small{font-size:12px}',
	`@media (prefers-color-scheme:dark){.back{fill:#11161d}.text{fill:#e4e9f0}.dim{fill:#a2adbb}.axis{stroke:#667080}.whisker{stroke:#e4e9f0}.halo{stroke:#11161d}${dark.map((color, index) => `.bar${index}{fill:${color}}`).join('')}}`,
].join('');

/** A standalone SVG document. */
export function benchSvg(result: BenchResult): string {
	const groups: string[] = [];
	let top = headHeight;
	for (const {test, rows} of byTest(result)) {
		const longest = Math.max(0, ...rows.map(({result: {summary}}) => summary[mainFigure[test].figure]?.max ?? 0));
		groups.push(text({x: margin, y: top + 16, style: 'text group', words: `${testTitles[test]}, ${mainFigure[test].unit}: ${directionText(test)}`}));
		const start = top + groupHead - 4;
		for (const [index, {method, result: {summary, ratio}}] of rows.entries()) {
			groups.push(bar({label: method.method, color: index % light.length, top: top + groupHead + index * rowHeight, spread: summary[mainFigure[test].figure], ratio: rows.length > 1 ? ratio : null, longest}));
		}

		top += groupHead + rows.length * rowHeight;
		groups.push(`<path class="axis" d="M${left} ${start}V${top - 6}"/>`);
		top += groupGap;
	}

	const {ends: [first, second], host, time, seconds, runs} = result;
	const notes = wrap([
		'bar: median of the runs; whisker: the least and the most of them',
		`${time}; kernel ${host.kernel}${host.cpus === null ? '' : `; ${host.cpus} CPU${host.cpus === 1 ? '' : 's'}`}${host.virtualization === null ? '' : `; virtualization ${host.virtualization}`}`,
		...result.notes,
	]);
	const height = top + notes.length * lineHeight + margin;
	const title = `${short(endText(first))} to ${short(endText(second))}`;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
		`<title id="title">${safe(title)}</title>`,
		`<style>${escapeXml(style)}</style>`,
		`<rect class="back" width="${width}" height="${height}"/>`,
		text({x: margin, y: 30, style: 'text title', words: title}),
		text({x: margin, y: 50, style: 'dim', words: `${runs === 1 ? 'one run' : `${runs} runs`} of ${seconds} s a test`}),
		...groups,
		...notes.map((words, index) => text({x: margin, y: top + 8 + index * lineHeight, style: 'dim small', words})),
		'</svg>',
		'',
	].join('\n');
}

interface Bar {
	label: string;
	color: number;
	top: number;
	spread: Spread | null | undefined;
	ratio: number | null;
	longest: number;
}

function bar({label, color, top, spread, ratio, longest}: Bar): string {
	const middle = top + barHeight / 2;
	const at = (value: number) => round(left + (longest === 0 ? 0 : value / longest * barSpace));
	const name = text({x: left - 10, y: middle + 4.5, style: 'text', words: short(label), end: true});
	if (!spread) {
		return `${name}\n${text({x: left + 10, y: middle + 4.5, style: 'dim', words: 'not measured'})}`;
	}

	const {median, min, max} = spread;
	const range = min === max ? '' : ` (${figureText(min)} to ${figureText(max)})`;
	const line = `fill="none" d="M${at(min)} ${middle}H${at(max)}M${at(min)} ${middle - 5}V${middle + 5}M${at(max)} ${middle - 5}V${middle + 5}"/>`;
	// The halo sets it off from the bar that it lies on.
	const whisker = min === max ? '' : `<path class="halo" stroke-width="4" stroke-opacity="0.7" stroke-linecap="square" ${line}\n<path class="whisker" stroke-width="1.5" ${line}`;
	return [
		name,
		`<rect class="bar${color}" x="${left}" y="${top}" width="${round(at(median) - left)}" height="${barHeight}"/>`,
		...whisker === '' ? [] : [whisker],
		text({x: at(max) + 10, y: middle + 4.5, style: 'text', words: `${figureText(median)}${range}${ratio === null ? '' : `  ×${ratioText(ratio)}`}`}),
	].join('\n');
}

function text({x, y, style: classes, words, end = false}: {x: number; y: number; style: string; words: string; end?: boolean}): string {
	return `<text class="${classes}" x="${round(x)}" y="${round(y)}"${end ? ' text-anchor="end"' : ''}>${safe(words)}</text>`;
}

/** Lines of at most `noteLength` characters, each note on a line of its own. */
function wrap(notes: readonly string[]): string[] {
	return notes.flatMap(note => {
		const lines = [''];
		for (const word of note.split(' ')) {
			const line = `${lines.at(-1)} ${word}`.trim();
			if (line.length > noteLength) {
				lines.push(word);
			} else {
				lines[lines.length - 1] = line;
			}
		}

		return lines;
	});
}

const longestName = 40;

function short(name: string): string {
	const letters = [...name];
	return letters.length > longestName ? `${letters.slice(0, longestName - 1).join('')}…` : name;
}

/** Text for XML 1.0: without control characters, halves of surrogate pairs and what is no character. */
function safe(words: string): string {
	return escapeXml(printable(words).replaceAll(/[\t\n]/g, ' ').replaceAll(/\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD'));
}

function round(value: number): number {
	return Math.round(value * 10) / 10;
}
