// Interrupts and receive queues.
import {AppError} from '../../errors.ts';
import type {SetIrqAffinityAction, SetRpsAction} from '../../plan/tuning-actions.ts';
import type {ActionHandler} from './handler.ts';

export const setIrqAffinity: ActionHandler<SetIrqAffinityAction> = {
	async observe() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},

	async apply() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},
};

export const setRps: ActionHandler<SetRpsAction> = {
	async observe() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},

	async apply() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},
};
