// `vfctl explain` as text.
import type {ExplainedView, ExplainView} from './explain-view.ts';

const mostTodos = 8;
const mostLines = 6;
const shownLine = 300;

export interface ExplainTextOptions {
	/** Also the lines that are not known, and in full what is harmless. */
	readonly verbose: boolean;
}

/** Everything that was explained, then what to do. What several devices say is told once. What is
 * harmless is told in full only alone, or with `verbose`. */
export function explainText(view: ExplainView, {verbose}: ExplainTextOptions): string {
	const whole = view.explained.filter(({partOf}) => partOf.length === 0);
	const alone = whole.every(({severity}) => severity === 'harmless');
	const kinds = new Map<string, ExplainedView[]>();
	for (const one of whole) {
		kinds.set(one.id, [...kinds.get(one.id) ?? [], one]);
	}

	return [
		...whole.length === 0 ? ['nothing to explain'] : [...kinds.values()].map(([first, ...others]) => thingText(first!, {others, all: view.explained, brief: !alone && !verbose && first!.severity === 'harmless'})),
		...view.todo.length === 0 ? [] : [todoText(view)],
		...restText(view, verbose),
	].join('\n\n');
}

interface ThingOptions {
	/** The same of other devices. */
	readonly others?: readonly ExplainedView[];
	readonly all?: readonly ExplainedView[];
	/** Only what it means. */
	readonly brief?: boolean;
}

/** One thing: the line, how often it came, and what it means. */
export function thingText(view: ExplainedView, {others = [], all = [], brief = false}: ThingOptions = {}): string {
	const parts = all.filter(({partOf}) => [view, ...others].some(({number}) => partOf.includes(number)));
	return [
		`${view.severity}: ${cut(view.line)}`,
		...[timesText(view)].filter(text => text !== '').map(text => `  ${text}`),
		`  means: ${view.meaning}`,
		...brief ? [] : [
			`  why:   ${view.cause}`,
			...view.note === null ? [] : [`  note:  ${view.note}`],
			...valuesText(view),
			...lineList('part', parts),
			...lineList('also', others),
		],
		...brief && others.length > 0 ? [`  also:  from ${others.length} other ${others.length === 1 ? 'device' : 'devices'}`] : [],
		...brief ? [] : [`  id:    ${view.id}${view.versions === null ? '' : ` (${view.versions})`}`],
	].join('\n');
}

function lineList(name: string, views: readonly ExplainedView[]): string[] {
	return [
		...views.slice(0, mostLines).map(({line, count, fields}) => `  ${name}:  ${[cut(line), ...count === 1 ? [] : [`${count} times`], ...deviceText(fields)].join(', ')}`),
		...views.length <= mostLines ? [] : [`  ${name}:  and ${views.length - mostLines} more`],
	];
}

/** Said again, while it is followed. */
export function againText({line, count, last}: ExplainedView): string {
	return `again${last.stamp === null ? '' : ` at ${last.stamp}`}: ${cut(line)} (${count} times)`;
}

function timesText({count, first, last, log, fields}: ExplainedView): string {
	const when = first.stamp === null ? '' : count === 1 || first.stamp === last.stamp ? `at ${first.stamp}` : `first at ${first.stamp}, last at ${last.stamp}`;
	return [...count === 1 ? [] : [`${count} times`], ...when === '' ? [] : [when], ...log === null ? [] : [`in the log ${log}`], ...deviceText(fields)].join(', ');
}

/** Whose VF it is, which a line of the log seldom says. */
function deviceText({pf, vf, vfBdf, guest, bdf}: ExplainedView['fields']): string[] {
	return [
		...bdf !== undefined && pf !== undefined && vf !== undefined ? [`VF ${vf} of ${pf}`] : [],
		...vfBdf === undefined ? [] : [`VF ${vf} is ${vfBdf}`],
		...guest === undefined ? [] : [`guest ${guest}`],
	];
}

function valuesText({values, count}: ExplainedView): string[] {
	const told = Object.entries(values).map(([name, list]) => `${name} ${list.join(', ')}`);
	return told.length === 0 || count === 1 ? [] : [`  with:  ${told.join('; ')}`];
}

function todoText({todo}: ExplainView): string {
	return [
		'What to do, most likely first:',
		...todo.slice(0, mostTodos).flatMap(({advice, command}, index) => [`${`${index + 1}.`.padStart(3)} ${advice}`, ...command === null ? [] : [`      ${command}`]]),
		...todo.length <= mostTodos ? [] : [`    and ${todo.length - mostTodos} more (--json has all)`],
	].join('\n');
}

function restText({unknown, notRead, cutLines, notKept, withoutTime}: ExplainView, verbose: boolean): string[] {
	const drivers = Object.entries(unknown.drivers).map(([name, count]) => `${name} ${count}`).join(', ');
	const lines = [
		...unknown.count === 0 ? [] : [`${unknown.count} ${unknown.count === 1 ? 'line' : 'lines'} of these drivers and programs are not in the catalogue: ${drivers}${verbose ? '' : ' (--verbose shows them)'}`],
		...verbose ? unknown.lines.map(line => `  ${line}`) : [],
		...verbose && unknown.count > unknown.lines.length ? [`  and ${unknown.count - unknown.lines.length} more`] : [],
		...notKept === 0 ? [] : [`explained lines of which too many differ to be kept: ${notKept}`],
		...cutLines === 0 ? [] : [`of ${cutLines} endless ${cutLines === 1 ? 'line' : 'lines'} only the first 8 KiB were looked at`],
		...withoutTime === 0 ? [] : [`explained lines that do not tell when they were written, and may be older than was asked for: ${withoutTime}`],
		...notRead.map(({log, why}) => `not read: ${log}: ${why}`),
	];
	return lines.length === 0 ? [] : [lines.join('\n')];
}

function cut(line: string): string {
	return line.length > shownLine ? `${line.slice(0, shownLine)}...` : line;
}
