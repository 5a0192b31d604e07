// `vfctl doctor` as text: what is bad first, with what was seen and what to do.
import {doctorGroups, severities, type FindingCounts} from '../model/doctor.ts';
import type {DoctorView, FindingView} from './doctor-view.ts';
import {table} from './table.ts';

/** The page. `all` shows what is well, too. */
export function doctorText({findings, counts, host}: DoctorView, {all}: {all: boolean}): string {
	const worst = severities.toReversed().flatMap(severity => findings.filter(one => one.severity === severity));
	const unseen = findings.filter(({status}) => status === 'could-not-look');
	const well = findings.filter(({status}) => status === 'ok');
	return [
		...[...worst, ...unseen].flatMap(finding => [...findingLines(finding), '']),
		...all && well.length > 0 ? [table(['CHECK', 'OF', 'WELL'], well.map(({id, subject, what}) => [id, subject ?? '', oneLine(what)])), ''] : [],
		`${host}: ${countsText(counts)}${all || well.length === 0 ? '' : ` (--all shows what is well: ${doctorGroups.filter(group => well.some(one => one.group === group)).join(', ')})`}`,
		...fixLines(findings),
	].join('\n');
}

function findingLines({id, subject, severity, what, evidence, meaning, fix}: FindingView): string[] {
	return [
		`${severity ?? 'could not look'}: ${subject === null ? '' : `${subject}: `}${oneLine(what)}  [${id}]`,
		...evidence.map(({source, said}) => `  seen   ${source}: ${oneLine(said)}`),
		...meaning === null ? [] : [`  means  ${meaning}`],
		...fix === null ? [] : [`  do     ${fix.advice}`, ...fix.commands.map(command => `           ${command}`)],
	];
}

function fixLines(findings: readonly FindingView[]): string[] {
	const fixable = findings.filter(({repair}) => repair !== null);
	const ids = (named: boolean) => [...new Set(fixable.filter(({repair}) => repair!.onlyWhenNamed === named).map(({id}) => id))];
	return [
		...ids(false).length === 0 ? [] : [`vfctl doctor --fix puts right: ${ids(false).join(', ')}`],
		...ids(true).length === 0 ? [] : [`vfctl doctor --fix ${ids(true).join(' ')} puts right what may be meant so (--dry-run shows the plan)`],
	];
}

function countsText({ok, warning, error, danger, couldNotLook}: FindingCounts): string {
	const some = (count: number, one: string, many: string) => count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
	const parts = [...some(danger, 'danger', 'dangers'), ...some(error, 'error', 'errors'), ...some(warning, 'warning', 'warnings'), ...couldNotLook === 0 ? [] : [`${couldNotLook} could not be looked at`]];
	return `${parts.length === 0 ? 'nothing wrong' : parts.join(', ')}, ${ok} well`;
}

/** One line as monitoring plugins print it, with figures behind the bar. */
export function nagiosText({verdict, counts, findings}: DoctorView): string {
	const word = {'ok': 'OK', 'warning': 'WARNING', 'error': 'CRITICAL', 'could-not-look': 'UNKNOWN'}[verdict];
	const shown = findings.filter(one => one.severity !== null || (verdict === 'could-not-look' && one.status === 'could-not-look'))
		.toSorted((a, b) => severities.indexOf(b.severity ?? 'warning') - severities.indexOf(a.severity ?? 'warning'));
	const what = shown.slice(0, 3).map(({id, subject}) => subject === null ? id : `${id} (${subject})`).join(', ');
	const more = shown.length > 3 ? ` and ${shown.length - 3} more` : '';
	// A bar ends the words.
	return `VFCTL ${word} - ${oneLine(`${countsText(counts)}${what === '' ? '' : `: ${what}${more}`}`).replaceAll('|', '/')} | danger=${counts.danger} error=${counts.error} warning=${counts.warning} unknown=${counts.couldNotLook} ok=${counts.ok}`;
}

/** The checks. */
export function checkListText(checks: ReadonlyArray<{id: string; asks: string}>): string {
	return table(['CHECK', 'ASKS WHETHER'], checks.map(({id, asks}) => [id, asks]));
}

function oneLine(text: string): string {
	return text.replaceAll(/\s*\n\s*/g, ' / ');
}
