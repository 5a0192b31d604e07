// Steering rules.
import {AppError} from '../../errors.ts';
import type {SetSteerAction} from '../../plan/tuning-actions.ts';
import type {ActionHandler} from './handler.ts';

export const setSteer: ActionHandler<SetSteerAction> = {
	async observe() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},

	async apply() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},
};
