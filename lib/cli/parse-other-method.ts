// What the options of other attach methods say.
import {AppError} from '../errors.ts';
import type {AttachRequest, MacvtapMode} from '../plan/attach-request.ts';
import {wholeNumber} from './vf-settings-options.ts';

export interface OtherMethodArguments {
	macvtapMode?: MacvtapMode | undefined;
	mode?: 'client' | 'server' | undefined;
	queues?: string | undefined;
	size?: string | undefined;
}

// QEMU: VIRTIO_QUEUE_MAX is 1024, a pair takes two and the control queue one.
const mostQueues = 256;

/** Those that were given; throws USAGE, BAD_COUNT. */
export function parseOtherMethod({macvtapMode, mode, queues, size}: OtherMethodArguments): Pick<AttachRequest, 'macvtapMode' | 'socketMode' | 'queues' | 'sizeMiB'> {
	return {
		...macvtapMode === undefined ? {} : {macvtapMode},
		...mode === undefined ? {} : {socketMode: mode},
		...queues === undefined ? {} : {queues: queueCount(queues)},
		...size === undefined ? {} : {sizeMiB: parseSize(size)},
	};
}

function queueCount(text: string): number {
	const queues = wholeNumber(text, mostQueues, 'BAD_COUNT', 'a number of queues');
	if (queues === 0) {
		throw new AppError('BAD_COUNT', 'an interface has at least one pair of queues', {fix: '--queues 1'});
	}

	return queues;
}

/** `4M`, `4MiB`, `1G`: in MiB. */
function parseSize(text: string): number {
	const [, digits, unit] = /^(\d{1,7})([mg])(?:i?b)?$/i.exec(text) ?? [];
	if (digits === undefined) {
		throw new AppError('USAGE', `'${text}' is no size`, {why: 'a size is a whole number with M or G', fix: '--size 4M'});
	}

	return Number(digits) * (unit?.toLowerCase() === 'g' ? 1024 : 1);
}
