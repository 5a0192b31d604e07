// What the host does at its next boot.
import type {KernelArgumentsAction, SetUnitAction} from '../../plan/action.ts';
import {readGrubbyArguments} from '../read-boot-loader.ts';
import {readUnit} from '../read-boot.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

// grubby rewrites every entry; on a slow disk with many kernels that takes its time.
const grubbyMs = 120_000;
const systemctlMs = 60_000;

/** Arguments that every boot entry has, of those that the action names. */
export const kernelArguments: ActionHandler<KernelArgumentsAction> = {
	async observe(context, {from, to}) {
		const seen = await seenArguments(context, [...from, ...to]);
		return compare(sameWords(seen, from), sameWords(seen, to), `all boot entries have: ${seen.join(' ') || 'none of them'}`);
	},

	async apply(context, action) {
		const {host} = context;
		const {from, to} = action;
		const removed = from.filter(word => !to.includes(word));
		const added = to.filter(word => !from.includes(word));
		// Both also when they are so in every entry already: only some may have been done.
		for (const option of [...removed.length === 0 ? [] : [`--remove-args=${removed.join(' ')}`], ...added.length === 0 ? [] : [`--args=${added.join(' ')}`]]) {
			const {code, stderr} = await host.runner.run(['grubby', '--update-kernel=ALL', option], {timeoutMs: grubbyMs});
			if (code !== 0) {
				throw await stepFailed(host, 'the kernel command line of the boot entries cannot be changed', {why: stderr.trim() || `grubby ended with ${code}`, fix: `grubby --update-kernel=ALL '${option}'`});
			}
		}

		const entries = await readGrubbyArguments(host);
		const wrong = entries.find(entry => added.some(word => !entry.includes(word)) || removed.some(word => entry.includes(word)));
		if (wrong !== undefined) {
			throw await stepFailed(host, 'the kernel command line of the boot entries did not change', {why: `grubby succeeded and tells for one entry: ${wrong.join(' ')}`, fix: 'grubby --info=ALL'});
		}
	},
};

async function seenArguments({host}: ActionContext, words: readonly string[]): Promise<string[]> {
	const entries = await readGrubbyArguments(host);
	return [...new Set(words)].filter(word => entries.every(entry => entry.includes(word)));
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
	return a.length === b.length && a.every(word => b.includes(word));
}

/** Enables or disables a unit, without starting or stopping it. */
export const setUnit: ActionHandler<SetUnitAction> = {
	async observe({host}, {unit, from, to}) {
		const state = await readUnit(host, unit);
		return compare(state === from, state === to, `${unit} is ${state}`);
	},

	async apply({host}, {unit, to}) {
		const verb = to === 'enabled' ? 'enable' : 'disable';
		if (await readUnit(host, unit) !== to) {
			const {code, stderr} = await host.runner.run(['systemctl', verb, unit], {timeoutMs: systemctlMs});
			if (code !== 0) {
				throw await stepFailed(host, `${unit} cannot be ${to}`, {why: stderr.trim() || `systemctl ended with ${code}`, fix: `systemctl ${verb} ${unit}`});
			}
		}

		const state = await readUnit(host, unit);
		if (state !== to) {
			throw await stepFailed(host, `${unit} cannot be ${to}`, {why: `systemctl ${verb} succeeded and systemctl is-enabled tells: ${state}`, fix: `systemctl status ${unit}`});
		}
	},
};
