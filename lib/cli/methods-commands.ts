// Ways to carry a packet, and what they cost.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const methodsUsages = {
} as const;

/** Adds the commands to the parser. */
export function addMethodsCommands(_parser: Argv, _run: Run): void {
}
