// Interrupts and receive queues.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const tuneUsages = {
} as const;

/** Adds the commands to the parser. */
export function addTuneCommands(_parser: Argv, _run: Run): void {
}
