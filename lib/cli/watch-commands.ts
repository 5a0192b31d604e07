// What happens on the host, as it happens.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const watchUsages = {
	watch: '[pfs..]',
} as const;

/** Adds the command to the parser. */
export function addWatchCommands(parser: Argv, run: Run): void {
	parser.command(`watch ${watchUsages.watch}`, 'tell what happens to devices and guests, until interrupted; with --json one object a line', y => y
		.positional('pfs', {type: 'string', array: true, default: [] as string[], describe: 'only these PFs with their VFs and the guests that have them'}), async args => run(args, async context => {
		const {run: watch} = await import('./commands/watch.ts');
		await watch(context, {pfs: args.pfs});
	}));
}
