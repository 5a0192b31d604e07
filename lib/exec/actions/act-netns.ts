// Interfaces that go to network namespaces.
import {AppError} from '../../errors.ts';
import type {MoveNetdevAction, NetnsNetworkAction} from '../../plan/netns-actions.ts';
import type {ActionHandler} from './handler.ts';

export const moveNetdev: ActionHandler<MoveNetdevAction> = {
	async observe() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},

	async apply() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},
};

export const netnsNetwork: ActionHandler<NetnsNetworkAction> = {
	async observe() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},

	async apply() {
		throw new AppError('UNSUPPORTED', 'not written yet');
	},
};
