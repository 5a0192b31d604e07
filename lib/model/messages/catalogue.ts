// The catalogue of messages that `vfctl explain` knows. A family more: its import and its spread.
import {intelPfMessages} from './intel-pf.ts';
import {ixgbeMailboxMessages} from './ixgbe-mailbox.ts';
import {ixgbeSriovMessages} from './ixgbe-sriov.ts';
import type {MessageEntry} from './message-entry.ts';
import {vfctlMessages} from './vfctl.ts';

/** Every entry, family by family. */
export const catalogue: readonly MessageEntry[] = [
	...intelPfMessages,
	...ixgbeMailboxMessages,
	...ixgbeSriovMessages,
	...vfctlMessages,
];
