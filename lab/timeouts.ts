import {usualKernel} from './kernels.ts';

// Every limit below, and of every command and wait in a lab, is so many times as long: a kernel that checks itself
// takes its time.
export const patience = usualKernel === 'debug' ? 8 : 1;

// Limits in milliseconds: three times and more what two quiet cores needed under software emulation.
export const SSH_ANSWERS_MS = 90_000;
export const COLD_BOOT_MS = 240_000;
// Guests are shut down before, and services start beside.
export const REBOOT_MS = 600_000;
export const COMMAND_MS = 120_000;
export const SNAPSHOT_MS = 60_000;
export const QMP_MS = 30_000;
export const KVM_PROBE_MS = 10_000;
export const TREE_BUILD_MS = 900_000;
export const POLL_MS = 50;
