// Plans one after the other, each on the host as the ones before leave it.
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Action} from '../action.ts';
import type {Plan, RiskName} from '../plan.ts';
import type {GuestNetworkNeed} from './facts.ts';
import {project} from './project.ts';
import type {BindingRules} from './project-devices.ts';

export class Fold {
	/** The host as it will be after what was planned so far. */
	inventory: Inventory;
	readonly actions: Action[] = [];
	/** Where the host file asks for it, for each action. */
	readonly origins: string[] = [];
	/** Step ranges that are attaches by themselves: first and last index, as in `actions`. */
	readonly attaches: Array<{first: number; last: number}> = [];
	readonly warnings = new Set<string>();
	readonly risks = new Set<RiskName>();
	readonly needs: GuestNetworkNeed[] = [];
	/** Places to be planned anew when all of this has run. */
	readonly later: string[] = [];
	readonly #rules: BindingRules;

	constructor(inventory: Inventory, rules: BindingRules) {
		this.inventory = inventory;
		this.#rules = rules;
	}

	/** Adds what a planner says about one place of the host file; errors name the place. */
	add(path: string, make: (inventory: Inventory) => Plan | Action[]): Action[] {
		const made = at(path, () => make(this.inventory));
		const {actions, warnings, risks} = Array.isArray(made) ? {actions: made, warnings: [], risks: []} : made;
		for (const warning of warnings) {
			this.warnings.add(warning);
		}

		for (const risk of risks) {
			this.risks.add(risk);
		}

		this.actions.push(...actions);
		this.origins.push(...actions.map(() => path));
		this.inventory = project(this.inventory, actions, this.#rules);
		return actions;
	}

	/** As `add`, for an attach: a later detach puts back what these steps changed. */
	addAttach(path: string, make: (inventory: Inventory) => Plan): Action[] {
		const first = this.actions.length;
		const actions = this.add(path, make);
		if (actions.length > 0) {
			this.attaches.push({first, last: this.actions.length - 1});
		}

		return actions;
	}
}

/** Puts the place in the host file before the message of an error. */
export function at<T>(path: string, make: () => T): T {
	try {
		return make();
	} catch (error) {
		throw error instanceof AppError ? errorAt(path, error) : error;
	}
}

/** The same error, naming the place. */
export function errorAt(path: string, error: AppError): AppError {
	const {code, message, why, fix} = error;
	return new AppError(code, `${path}: ${message}`, {...why === undefined ? {} : {why}, ...fix === undefined ? {} : {fix}, details: {...error.details, path}, cause: error});
}
