// The catalogue of messages that `vfctl explain` knows. A family more: its import and its spread.
import type {MessageEntry} from './message-entry.ts';
import {vfctlMessages} from './vfctl.ts';

/** Every entry, family by family. */
export const catalogue: readonly MessageEntry[] = [
	...vfctlMessages,
];
