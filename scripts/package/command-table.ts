// Every command with its names and options, as data: told by the functions that tell yargs.
import type {Argv} from 'yargs';
import {addCommands} from '../../lib/cli/commands.ts';

/** What an option or a name is, in yargs' words. */
export interface Argument {
	readonly type?: string;
	readonly choices?: readonly string[];
	readonly default?: unknown;
	readonly alias?: string;
	readonly array?: boolean;
	readonly describe?: string;
}

export interface Command {
	/** As it is typed: ['vf', 'create']. */
	readonly words: readonly string[];
	/** The names it takes, as in a usage: `<pf> <count>`. */
	readonly usage: string;
	readonly description: string;
	readonly positionals: ReadonlyMap<string, Argument>;
	readonly options: ReadonlyMap<string, Argument>;
	/** Empty but for a group. */
	readonly children: readonly Command[];
}

type Build = (parser: Argv) => unknown;

/** Takes the calls that commands make on a parser. Throws for one that it does not know, so that no
 * page lacks something silently. */
class Recorder {
	readonly children: Command[] = [];
	readonly positionals = new Map<string, Argument>();
	readonly options_ = new Map<string, Argument>();
	readonly words: readonly string[];

	constructor(words: readonly string[]) {
		this.words = words;
	}

	command(usage: string | readonly string[], description: string, build: Build): this {
		const [name = '', ...names] = (typeof usage === 'string' ? usage : usage[0] ?? '').split(' ');
		const inner = new Recorder([...this.words, name]);
		build(inner as unknown as Argv);
		this.children.push({words: inner.words, usage: names.join(' '), description, positionals: inner.positionals, options: inner.options_, children: inner.children});
		return this;
	}

	positional(name: string, argument: Argument): this {
		this.positionals.set(name, argument);
		return this;
	}

	option(name: string, argument: Argument): this {
		this.options_.set(name, argument);
		return this;
	}

	options(all: Readonly<Record<string, Argument>>): this {
		for (const [name, argument] of Object.entries(all)) {
			this.option(name, argument);
		}

		return this;
	}

	conflicts(): this {
		return this;
	}

	demandCommand(): this {
		return this;
	}
}

/** The commands at the top, in the order of the documentation. */
export function commandTable(): readonly Command[] {
	const top = new Recorder([]);
	addCommands(top as unknown as Argv, async () => {});
	return top.children;
}

/** The command and those below it. */
export function withChildren(command: Command): readonly Command[] {
	return [command, ...command.children.flatMap(withChildren)];
}

/** True for an option that stands alone. */
export function isSwitch({type}: Argument): boolean {
	return type === 'boolean';
}
