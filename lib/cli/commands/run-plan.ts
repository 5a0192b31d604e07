// What every command that changes the host does with its plan.
import {AppError} from '../../errors.ts';
import {execute} from '../../exec/execute.ts';
import {parseFault} from '../../exec/fault.ts';
import {readableNetnsAttachments} from '../../exec/netns-attachments.ts';
import {readInventory} from '../../exec/read-inventory.ts';
import type {RunContext} from '../../exec/run-context.ts';
import {withLock} from '../../exec/with-lock.ts';
import type {Inventory} from '../../model/inventory.ts';
import {withLeftovers} from '../../plan/netns/leftovers.ts';
import type {Plan} from '../../plan/plan.ts';
import {planJson, planText} from '../../render/plan-text.ts';
import type {Output} from '../../render/output.ts';
import {progressReporter} from '../../render/progress.ts';
import {requireHostNamespace} from '../../sysfs/namespaces.ts';
import {confirm} from '../confirm.ts';
import type {CommandContext} from '../context.ts';
import {libvirtOnce, type LibvirtOnce} from '../libvirt-once.ts';

export interface PlannedCommand {
	/** Makes the plan from the host as it is under the lock. */
	plan: (inventory: Inventory, run: RunContext) => Plan | Promise<Plan>;
	/** Asks before it runs, unless --yes: what it takes away does not come back by itself. */
	destructive: (plan: Plan) => boolean;
	/** Waits for the admin's word after the last step; rejects to have everything put back. */
	confirm?: (operation: number) => Promise<void>;
	/** What is left to do when the plan ran or had nothing to do, under the same lock; not in a dry run. */
	afterwards?: () => Promise<void>;
	/** More for the result, once it is planned: text for people, data for --json. */
	more?: () => {text: string; json: Record<string, unknown>};
}

/** Plans, and prints the plan (--dry-run) or runs it under the lock. */
export async function runPlanned(context: CommandContext, command: PlannedCommand): Promise<void> {
	const {options, out} = context;
	if (!options.dryRun) {
		await underLock(context, async (run, libvirt) => runNow(context, command, run, libvirt));
		return;
	}

	const libvirt = libvirtOnce(context);
	try {
		const plan = await command.plan(await readHost(context, libvirt), await runContext(context, libvirt));
		tell(out, command, planText(plan), {dryRun: true, changed: plan.actions.length > 0, operation: null, ...planJson(plan)});
	} finally {
		await libvirt.close();
	}
}

/** Calls `use` as root, under the lock, with what executing needs. */
export async function underLock(context: CommandContext, use: (run: RunContext, libvirt: LibvirtOnce) => Promise<void>, {recovering = false} = {}): Promise<void> {
	const {host, options, out, signal, commandLine} = context;
	if (host.caller.uid !== 0) {
		throw new AppError('NOT_ROOT', 'changing the host needs root', {why: `vfctl runs as user ${host.caller.uid}`, fix: 'sudo vfctl ..., or --dry-run to see the plan'});
	}

	const libvirt = libvirtOnce(context);
	try {
		const run = await runContext(context, libvirt);
		await withLock(host, {
			holder: commandLine.slice(1, 4).join(' '),
			timeoutMs: options.lockTimeoutMs,
			signal,
			recovering,
			onWait(holder: string) {
				out.note(`waiting for ${holder}`);
			},
		}, async () => use(run, libvirt));
	} finally {
		await libvirt.close();
	}
}

async function runNow(context: CommandContext, command: PlannedCommand, run: RunContext, libvirt: LibvirtOnce): Promise<void> {
	const {options, out} = context;
	const plan = await command.plan(await readHost(context, libvirt), run);
	for (const warning of plan.warnings) {
		out.note(`note: ${warning}`);
	}

	if (plan.actions.length === 0) {
		await command.afterwards?.();
		tell(out, command, `nothing to do: ${plan.title}`, {dryRun: false, changed: false, operation: null, ...planJson(plan)});
		return;
	}

	if (!options.yes && command.destructive(plan)) {
		await confirm(context, planText(plan));
	}

	const {number: operation} = await execute(plan, run, {confirm: command.confirm});
	await command.afterwards?.();
	tell(out, command, `done: ${plan.title}`, {dryRun: false, changed: true, operation, ...planJson(plan)});
}

/** The host as it is, with what namespaces that are gone left on VFs. Throws UNSUPPORTED where vfctl
 * does not see the host's interfaces. */
async function readHost({host}: CommandContext, libvirt: LibvirtOnce): Promise<Inventory> {
	requireHostNamespace(host.files);
	return withLeftovers(await readInventory(host, await libvirt.tryGet()), readableNetnsAttachments(host.files));
}

function tell(out: Output, {more}: PlannedCommand, text: string, json: Record<string, unknown>): void {
	const added = more?.() ?? {text: '', json: {}};
	out.result([text, ...added.text === '' ? [] : [added.text]].join('\n'), {...json, ...added.json});
}

/** What executing needs, of a command. */
export async function runContext({host, out, signal, commandLine}: CommandContext, libvirt: LibvirtOnce): Promise<RunContext> {
	const fault = process.env['VFCTL_FAULT'];
	return {
		host, commandLine, signal,
		libvirt: libvirt.get,
		reporter: await progressReporter(out),
		...(fault === undefined ? {} : {fault: parseFault(fault)}),
	};
}
