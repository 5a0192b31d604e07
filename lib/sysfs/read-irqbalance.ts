// Whether irqbalance runs and what it was told to leave alone (irqbalance(1); the settings file is
// the environment file of its systemd unit: /etc/default on Debian, /etc/sysconfig elsewhere).
import type {FileReader} from '../host/host.ts';
import type {Irqbalance} from '../model/interrupts.ts';

export const irqbalanceFiles = ['/etc/default/irqbalance', '/etc/sysconfig/irqbalance'] as const;

/** irqbalance. What it runs with is on its command line; the file says what it would start with. */
export function readIrqbalance(files: FileReader): Irqbalance {
	const file = irqbalanceFiles.find(path => files.exists(path)) ?? null;
	const settings = file === null ? '' : files.readText(file) ?? '';
	const pid = findProcess(files);
	const words = pid === null
		? [...assigned(settings, 'IRQBALANCE_ARGS'), ...assigned(settings, 'OPTIONS')].flatMap(value => value.split(/\s+/))
		: (files.readText(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(1);
	const values = (long: string, short: string) => optionValues(words, long, short);
	const [policyScript = null] = values('policyscript', 'l').slice(-1);
	return {
		pid,
		oneshot: words.includes('--oneshot') || words.includes('-o') || (pid === null && assigned(settings, 'IRQBALANCE_ONESHOT').some(value => value !== '')),
		bannedIrqs: values('banirq', 'i').filter(value => /^\d{1,7}$/.test(value)).map(Number),
		bannedModules: values('banmod', 'm'),
		policyScript,
		bannedCpus: [...assigned(settings, 'IRQBALANCE_BANNED_CPULIST'), ...assigned(settings, 'IRQBALANCE_BANNED_CPUS')].find(value => value !== '') ?? null,
		file,
	};
}

function findProcess(files: FileReader): number | null {
	const pid = files.list('/proc').filter(name => /^\d+$/.test(name)).find(name => files.readText(`/proc/${name}/comm`)?.trim() === 'irqbalance');
	return pid === undefined ? null : Number(pid);
}

/** Values of `--long=VALUE`, `--long VALUE`, `-sVALUE` and `-s VALUE` (getopt_long). */
function optionValues(words: readonly string[], long: string, short: string): string[] {
	return words.flatMap((word, index) => {
		const next = words[index + 1];
		return word.startsWith(`--${long}=`) ? [word.slice(long.length + 3)]
			: word === `--${long}` || word === `-${short}` ? (next === undefined ? [] : [next])
			: word.startsWith(`-${short}`) && !word.startsWith('--') ? [word.slice(2)] : [];
	});
}

/** Values that the file gives a variable, without quotes. */
function assigned(settings: string, name: string): string[] {
	return [...settings.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}=(.*)$`, 'gm'))].map(([, value]) => value!.trim().replace(/^(["'])(.*)\1$/, '$2').trim());
}
