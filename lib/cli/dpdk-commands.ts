// DPDK and VPP.
import type {Argv} from 'yargs';
import type {Run} from './commands.ts';

export const dpdkUsages = {
} as const;

/** Adds the commands to the parser. */
export function addDpdkCommands(_parser: Argv, _run: Run): void {
}
