// The CNI plugin.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const cniUsages = {
	cni: '',
} as const;

/** Adds the command to the parser. */
export function addCniCommands(parser: Argv, run: Run): void {
	parser.command('cni', 'act as a CNI plugin: the runtime calls it, with CNI_COMMAND and a configuration on standard input', y => y
		.option('config', {type: 'string', requiresArg: true, default: '-', describe: 'file with the configuration; - is standard input'}), async args => run(args, async context => {
		const {run: cni} = await import('./commands/cni.ts');
		return cni(context, {config: args.config});
	}));
}

/** What a runtime means that starts the program without arguments: it is (a link) in a directory of
 * CNI plugins then. */
export function withCniCommand(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): readonly string[] {
	return argv.length === 0 && (env['CNI_COMMAND'] ?? '') !== '' ? ['cni'] : argv;
}
