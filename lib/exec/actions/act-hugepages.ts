// Huge pages.
import {AppError} from '../../errors.ts';
import type {SetHugepagesAction} from '../../plan/tuning-actions.ts';
import type {ActionHandler} from './handler.ts';

export const setHugepages: ActionHandler<SetHugepagesAction> = {
	async observe() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},

	async apply() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},
};
