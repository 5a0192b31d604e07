// Measurements.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const benchUsages = {
} as const;

/** Adds the commands to the parser. */
export function addBenchCommands(_parser: Argv, _run: Run): void {
}
