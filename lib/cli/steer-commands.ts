// Steering rules of a card.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const steerUsages = {
} as const;

/** Adds the commands to the parser. */
export function addSteerCommands(_parser: Argv, _run: Run): void {
}
