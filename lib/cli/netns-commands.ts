// Network namespaces and containers.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const netnsUsages = {
} as const;

/** Adds the commands to the parser. */
export function addNetnsCommands(_parser: Argv, _run: Run): void {
}
