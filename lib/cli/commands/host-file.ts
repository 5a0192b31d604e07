// vfctl plan | apply | diff HOST.yaml
import {exitStatuses} from '../../errors.ts';
import {bootPart, waitForAgents, waitForPfs, withoutGuests} from '../../exec/boot-host.ts';
import {readHostFileFacts} from '../../exec/read-host-file-facts.ts';
import type {RunContext} from '../../exec/run-context.ts';
import type {HostFile} from '../../model/host-file.ts';
import type {Inventory} from '../../model/inventory.ts';
import {planHostFile, type HostFilePlan} from '../../plan/host-file/plan-host-file.ts';
import {differencesOf, differencesText} from '../../render/differences.ts';
import {planJson} from '../../render/plan-text.ts';
import {awaitWord, parseDuration} from '../await-word.ts';
import type {CommandContext} from '../context.ts';
import {libvirtOnce} from '../libvirt-once.ts';
import {withInventory} from '../read-state.ts';
import {readHostFile} from '../read-text-file.ts';
import {withoutLibvirt} from '../without-libvirt.ts';
import {wholeNumber} from '../vf-settings-options.ts';
import {loadXmlRenderer} from './render-xml.ts';
import {runPlanned} from './run-plan.ts';

export interface HostFileArguments {
	file: string;
	boot?: boolean | undefined;
	waitPfs?: string | undefined;
	waitGuests?: string | undefined;
	guestTimeout?: string | undefined;
	confirmWithin?: string | undefined;
}

/** Prints what `apply` would do. */
export async function runPlan(context: CommandContext, args: HostFileArguments): Promise<void> {
	await runApply({...context, options: {...context.options, dryRun: true}}, args);
}

/** Makes the host what the file says. */
export async function runApply(given: CommandContext, args: HostFileArguments): Promise<void> {
	const budgetMs = args.confirmWithin === undefined ? undefined : parseDuration(args.confirmWithin);
	const {context, file} = await prepare(given, args);
	const makePlan = await planner(context, file, args);
	let later: readonly string[] = [];
	const [first, told] = listening(context);
	await runPlanned(first, {
		// What is taken away does not come back by itself.
		destructive: ({actions}) => actions.some(action => action.kind === 'detach-device' || (action.kind === 'set-numvfs' && action.to === 0) || (action.kind === 'set-network' && action.to === null)),
		async plan(inventory, run) {
			const made = await makePlan(inventory, run);
			later = made.later;
			return made.plan;
		},
		...budgetMs === undefined ? {} : {confirm: async operation => awaitWord(context, operation, budgetMs)},
	});
	const second = later.length === 0 || context.options.dryRun ? undefined : await applyRest(context, makePlan, told.text);
	context.out.result([told.text, ...second?.changed === true ? [second.text] : []].join('\n'), {...told.value, ...second === undefined ? {} : {then: second.value}});
}

interface Told {
	text: string;
	value: Record<string, unknown>;
}

/** What could only be planned when the first operation was done: interrupts of devices that it made. */
async function applyRest(context: CommandContext, makePlan: Planner, done: string): Promise<Told & {changed: boolean}> {
	const [second, told] = listening(context);
	try {
		await runPlanned(second, {destructive: () => false, plan: async (inventory, run) => (await makePlan(inventory, run)).plan});
	} catch (error) {
		// The first one stays, and is not to be lost sight of.
		context.out.note(done);
		throw error;
	}

	return {...told, changed: told.value['changed'] === true};
}

/** The context with a result that is kept instead of printed. */
function listening(context: CommandContext): [CommandContext, Told] {
	const told: Told = {text: '', value: {}};
	return [{...context, out: {...context.out, result(text, value) {
		told.text = text;
		told.value = value as Told['value'];
	}}}, told];
}

/** Tells what differs; resolves to the exit status. */
export async function runDiff(given: CommandContext, args: HostFileArguments): Promise<number> {
	const {context, file} = await prepare(given, args);
	const makePlan = await planner(context, file, args);
	const libvirt = libvirtOnce(context);
	try {
		const {plan, origins} = await withInventory(context, async inventory => makePlan(inventory, {host: context.host, libvirt: libvirt.get}));
		const differences = differencesOf(plan.actions, origins);
		for (const warning of plan.warnings) {
			context.out.note(`note: ${warning}`);
		}

		context.out.result(plan.actions.length === 0 ? plan.title : differencesText(differences), {differs: plan.actions.length > 0, differences, ...planJson(plan)});
		return plan.actions.length === 0 ? exitStatuses.ok : exitStatuses.differs;
	} finally {
		await libvirt.close();
	}
}

/** The file, and the host as it is to be asked. */
async function prepare(context: CommandContext, args: HostFileArguments): Promise<{context: CommandContext; file: HostFile}> {
	const {signal, host, options} = context;
	const whole = readHostFile(args.file);
	if (args.boot === true) {
		const budgetMs = seconds(args.waitPfs ?? '60');
		await waitForPfs(host, whole, {budgetMs, signal});
		return {context: withoutLibvirt(context), file: bootPart(whole)};
	}

	if (args.waitPfs !== undefined) {
		await waitForPfs(host, whole, {budgetMs: seconds(args.waitPfs), signal});
	}

	if (args.waitGuests !== undefined) {
		await waitForAgents(host, whole, {uri: options.connect, budgetMs: seconds(args.waitGuests), signal});
	}

	return {context, file: whole};
}

type Planner = (inventory: Inventory, run: Pick<RunContext, 'host' | 'libvirt'>) => Promise<HostFilePlan>;

async function planner({options}: CommandContext, file: HostFile, args: HostFileArguments): Promise<Planner> {
	const renderXml = await loadXmlRenderer();
	const {poolXml} = await import('../../libvirt/pool-xml.ts');
	const given = {fileName: args.file === '-' ? 'standard input' : args.file, boot: args.boot === true, acceptedRisks: options.acceptedRisks, guestTimeoutMs: seconds(args.guestTimeout ?? '60'), renderXml, renderPool: poolXml};
	return async (read, run) => {
		const inventory = args.boot === true ? withoutGuests(run.host, read) : read;
		return planHostFile(inventory, file, await readHostFileFacts(run, {inventory, file, given}));
	};
}

function seconds(text: string): number {
	return wholeNumber(text, 3600, 'USAGE', 'a number of seconds') * 1000;
}
