// What the exit statuses mean, for the pages that are made from the program.
import type {exitStatuses} from '../lib/errors.ts';

export const statusTexts: Record<keyof typeof exitStatuses, string> = {
	ok: 'it is as was asked (also when nothing had to be done)',
	bug: 'vfctl met something it did not expect',
	usage: 'the command line, a name or a value makes no sense',
	refused: 'a rule of safety or the hardware forbids it; nothing was touched',
	notFound: 'a guest, device, pool or operation of that name is not there',
	rolledBack: 'a step failed; everything was put back',
	rollbackIncomplete: 'a step failed and so did putting back; run `vfctl recover`',
	busy: 'another vfctl is at work',
	unavailable: 'libvirt or a program is missing or does not answer',
	declined: 'it was not confirmed; nothing was touched',
	differs: 'the two things compared are not the same (no error)',
	trouble: 'what was looked at shows that something does not work or does harm (no error of vfctl): `explain`, and errors and dangers of `doctor`',
	warnings: '`vfctl doctor` found warnings, and nothing worse',
	notLooked: '`vfctl doctor` found nothing bad, and could not look at everything',
	interrupted: 'stopped by a signal; everything was put back',
};
