// vfctl explain [log] [--follow] [--since TIME]
import {exitStatuses} from '../../errors.ts';
import {followFile, followHostLogs} from '../../exec/follow-logs.ts';
import {fieldsOfLog, readHostLogs, type NotRead} from '../../exec/read-host-logs.ts';
import {isPart, type Explained} from '../../model/explain/explained.ts';
import {createExplainer, type ExplainReport, type Explainer, type ExplainerOptions} from '../../model/explain/explainer.ts';
import {deviceLookup} from '../../model/explain/host-devices.ts';
import {parseSince} from '../../model/explain/since.ts';
import {againText, explainText, thingText} from '../../render/explain-text.ts';
import {explainedView, explainView} from '../../render/explain-view.ts';
import type {CommandContext} from '../context.ts';
import {logArgument, openLogStream, readLogStream} from '../read-log.ts';
import {withInventory} from '../read-state.ts';

export interface ExplainArguments {
	log?: string | undefined;
	follow: boolean;
	since?: string | undefined;
	thisHost: boolean;
	verbose: boolean;
}

/** Explains a log, or those of the host; resolves to `trouble` when something in it does not work. */
export async function run(context: CommandContext, args: ExplainArguments): Promise<number> {
	const {host, out} = context;
	const nowMs = host.clock.now();
	const ofHost = args.log === undefined || args.thisHost || host.name !== 'live';
	const options: ExplainerOptions = {
		nowMs,
		sinceMs: args.since === undefined ? null : parseSince(args.since, nowMs),
		...ofHost ? {devices: await withInventory(context, inventory => deviceLookup(inventory))} : {},
	};
	const told: {follow: boolean; worst: number} = {follow: false, worst: exitStatuses.ok};
	const make = () => createExplainer({...options, tell(explained) {
		if (told.follow) {
			tellNew(context, explained);
			told.worst = Math.max(told.worst, statusOf([explained]));
		}
	}});
	const explainer = make();
	if (args.follow && args.log === '-') {
		// What comes may never end.
		told.follow = true;
		await readNamed(context, '-', explainer);
		return told.worst;
	}

	const notRead = args.log === undefined ? await readHostLogs(host, explainer) : await readNamed(context, args.log, explainer);
	const report = explainer.report();
	const view = explainView(report, notRead);
	out.result(explainText(view, args), view);
	if (args.follow) {
		told.follow = true;
		await follow(context, args, explainer, make);
	}

	const status = Math.max(told.worst, statusOf(report.explained));
	// Without the kernel's log nobody can say that nothing is wrong.
	return status === exitStatuses.ok && notRead.some(({log}) => log === 'kernel') ? exitStatuses.unavailable : status;
}

async function readNamed({signal}: CommandContext, log: string, explainer: Explainer): Promise<NotRead[]> {
	const {kind} = logArgument(log);
	explainer.begin({name: null, fields: kind === 'file' ? fieldsOfLog(log) : {}});
	if (kind === 'line') {
		explainer.push(log);
	} else {
		await readLogStream(openLogStream(log), log, signal, chunk => {
			explainer.push(chunk);
		});
	}

	explainer.end();
	return [];
}

async function follow({host, out, signal}: CommandContext, {log}: ExplainArguments, explainer: Explainer, make: () => Explainer): Promise<void> {
	if (host.name !== 'live') {
		return;
	}

	if (log === undefined) {
		await followHostLogs(host, make, signal, why => {
			out.note(why);
		});
	} else if (logArgument(log).kind === 'file') {
		await followFile(host, log, explainer, {signal, readBytes: explainer.report().bytes});
	}
}

/** What is said for the first time in full; then each time it has been said ten times as often. */
function tellNew({out}: CommandContext, explained: Explained): void {
	if (isPart(explained)) {
		return;
	}

	const view = explainedView(explained);
	if (explained.count === 1) {
		const commands = view.remedies.slice(0, 2).flatMap(({advice, command}) => [`  do:    ${advice}`, ...command === null ? [] : [`         ${command}`]]);
		out.result([thingText(view), ...commands].join('\n'), view);
	} else if (/^[15]0*$|^2$/.test(String(explained.count))) {
		out.result(againText(view), view);
	}
}

function statusOf(explained: ExplainReport['explained']): number {
	return explained.some(one => (one.entry.severity === 'error' || one.entry.severity === 'danger') && !isPart(one)) ? exitStatuses.trouble : exitStatuses.ok;
}
