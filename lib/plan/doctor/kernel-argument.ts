// What an admin types to give the kernel another argument, by boot loader.
import type {BootLoader} from '../../model/boot.ts';
import type {Fix} from '../../model/doctor.ts';
import {quote} from '../../model/shell-word.ts';

/** Advice and commands for one word of the command line. */
export function kernelArgumentFix(loader: BootLoader, word: string): Fix {
	const advice = `add ${word} to the kernel command line, then reboot`;
	switch (loader.kind) {
		case 'grub': {
			const regenerate = loader.regenerate.join(' ');
			return {advice, commands: loader.dropIns === null
				? [`sed -i 's/^GRUB_CMDLINE_LINUX="/&${word} /' /etc/default/grub`, regenerate, 'reboot']
				: [`echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${word}"' > /etc/default/grub.d/60-${word.replaceAll(/[^\w-]/g, '-')}.cfg`, regenerate, 'reboot']};
		}

		case 'grubby': {
			return {advice, commands: [`grubby --update-kernel=ALL --args=${quote(word)}`, 'reboot']};
		}

		case 'systemd-boot': {
			return {advice, commands: [
				...loader.entries.map(({path}) => `sed -i '/^options/s/$/ ${word}/' ${quote(path)}`),
				`sed -i '1s/$/ ${word}/' /etc/kernel/cmdline`,
				...loader.refresh === null ? [] : [loader.refresh.join(' ')],
				'reboot',
			]};
		}

		case 'unknown': {
			return {advice: `${advice} (${loader.hint})`, commands: []};
		}
	}
}
