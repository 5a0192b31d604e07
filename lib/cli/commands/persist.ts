// vfctl persist
import {AppError, toAppError} from '../../errors.ts';
import {readBootFacts} from '../../exec/read-boot.ts';
import {parseHostFile} from '../../formats/host-file.ts';
import {backupTime, hostFilePath} from '../../plan/persist/paths.ts';
import type {PersistItem} from '../../plan/persist/item.ts';
import {chosenItems, persistStates, planPersistOff, planPersistOn} from '../../plan/persist/plan-persist.ts';
import {persistJson, persistText} from '../../render/persist-text.ts';
import type {CommandContext} from '../context.ts';
import {ownProgram, requireSafeProgram} from '../own-program.ts';
import {readTextFile} from '../read-text-file.ts';
import {withInventory} from '../read-state.ts';
import {runPlanned} from './run-plan.ts';

interface Items {
	only: readonly PersistItem[];
	skip: readonly PersistItem[];
}

/** Tells what is set, what is missing, and why. */
export async function runShow(context: CommandContext): Promise<void> {
	await withInventory(context, async inventory => {
		const states = persistStates(await readBootFacts(context.host, inventory), {program: ownProgram(), hostFile: null, hostFileProblem: problemOf(context), time: timeOf(context)});
		context.out.result(persistText(states), persistJson(states));
	});
}

/** Sets what is missing. */
export async function runOn(context: CommandContext, args: Items & {hostFile: string | undefined}): Promise<void> {
	const {host} = context;
	const program = ownProgram();
	const chosen = chosenItems(args);
	if (args.hostFile !== undefined && !chosen.includes('host-file')) {
		throw new AppError('USAGE', '--host-file names a file that would not be put in place', {why: 'host-file is not among the chosen items', fix: 'leave --host-file out, or choose host-file too'});
	}

	if (chosen.includes('unit') && host.name === 'live') {
		requireSafeProgram(program);
	}

	const hostFile = args.hostFile === undefined ? null : readHostFile(args.hostFile);
	await runPlanned(context, {
		destructive: () => false,
		plan: async inventory => planPersistOn(await readBootFacts(host, inventory), {...args, program, hostFile, hostFileProblem: problemOf(context), time: timeOf(context)}),
	});
}

/** Takes away what was set. */
export async function runOff(context: CommandContext, args: Items): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: async inventory => planPersistOff(await readBootFacts(context.host, inventory), args),
	});
}

function timeOf({host}: CommandContext): string {
	return backupTime(host.clock.now());
}

/** The text of a host file. A wrong one would only be noticed at the next boot. */
function readHostFile(path: string): string {
	const text = readTextFile(path);
	parseHostFile(text);
	return text;
}

/** Why the host file that is in place cannot be applied, or null. */
function problemOf({host}: CommandContext): string | null {
	const text = host.files.readText(hostFilePath);
	try {
		if (text !== undefined) {
			parseHostFile(text);
		}

		return null;
	} catch (error) {
		const {message, why} = toAppError(error);
		return why === undefined ? message : `${message}: ${why}`;
	}
}
