// `vfctl methods`: a table of what this host offers, then each method in words.
import type {Availability} from '../model/method-host.ts';
import {retiredMethods, type Method} from '../model/method.ts';
import {table} from './table.ts';

export interface MethodView extends Method, Availability {}

export interface MethodsView {
	version: 1;
	methods: readonly MethodView[];
	retired: typeof retiredMethods;
}

/** The view for --json. */
export function methodsView(methods: readonly MethodView[]): MethodsView {
	return {version: 1, methods, retired: retiredMethods};
}

/** The text. */
export function methodsText({methods, retired}: MethodsView): string {
	const overview = table(['METHOD', 'HERE', 'ON THIS HOST'], methods.map(({name, available, why}) => [name, available ? 'yes' : 'no', why]));
	const words = methods.map(method => [
		`${method.name}: ${method.title}`,
		...([['who', 'users'], ['isolation', 'isolation'], ['migration', 'migration'], ['limits', 'limits'], ['cost', 'cost'], ['needs', 'needs'], ['type', 'command']] as const)
			.map(([label, name]) => `  ${`${label}:`.padEnd(11)}${method[name]}`),
	].join('\n'));
	const old = table(['OLD', 'WHAT BECAME OF IT', 'INSTEAD'], retired.map(({name, fate, instead}) => [name, fate, instead]));
	return [overview, ...words, old].join('\n\n');
}
