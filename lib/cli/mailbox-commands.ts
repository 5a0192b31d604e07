// The mailbox between PFs and VFs.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const mailboxUsages = {
	mailbox: '[device]',
} as const;

/** Adds the command to the parser. */
export function addMailboxCommands(parser: Argv, run: Run): void {
	parser.command(`mailbox ${mailboxUsages.mailbox}`, 'what VFs of igb and ixgbe asked their PF for, and what it answered', y => y
		.positional('device', {type: 'string', describe: 'PF, or one VF with all its messages; without: all PFs'})
		.option('watch', {type: 'boolean', default: false, describe: 'go on and print what changes, until interrupted'}), async args => run(args, async context => {
		const {run: mailbox} = await import('./commands/mailbox.ts');
		await mailbox(context, {device: args.device, watch: args.watch});
	}));
}
