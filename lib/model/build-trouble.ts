// What the output of make, the compiler and spatch means: known troubles with their remedy.
import type {ErrorCode} from '../errors.ts';

export interface BuildTrouble {
	code: ErrorCode;
	what: string;
	why: string;
	fix: string;
}

export interface BuildContext {
	/** Release of the kernel, and version of the source. */
	kernel: string;
	version: string;
	/** What was made: `igb`, `vfctl_pf`. */
	target: string;
	/** Directory that is built in. */
	directory: string;
}

type Known = (output: string, context: BuildContext) => BuildTrouble | undefined;

const shownLines = 8;

const known: readonly Known[] = [
	(output, {directory}) => line(output, /No space left on device|ENOSPC|Disk quota exceeded/) === undefined ? undefined : {
		code: 'DRIVER_BUILD_FAILED', what: 'there is no space left to build in', why: line(output, /No space left on device|ENOSPC|Disk quota exceeded/)!,
		fix: `df -h ${directory} /tmp: a build needs about 200 MiB in the first and what the compiler keeps for a moment in the second`,
	},
	(output, {target}) => /internal compiler error: Killed|signal terminated program|^Killed\b|: Killed\b/m.test(output) ? {
		code: 'DRIVER_BUILD_FAILED', what: `the compiler was killed while it made ${target}`, why: line(output, /Killed|terminated/) ?? 'it was killed',
		fix: 'free some memory (dmesg | grep -i oom tells whether there was too little), then build again',
	} : undefined,
	(output, {kernel}) => tell(output, /\bscripts\/(?:mod\/modpost|basic\/fixdep|genksyms\/genksyms)\b.*(?:not found|No such file|Permission denied|Exec format error)|ERROR: Kernel configuration is invalid|(?:auto\.conf|autoconf\.h) (?:or [\w/.]+ )?(?:are|is) missing/, why => ({
		code: 'NO_KERNEL_SOURCE', what: `the headers of ${kernel} are not prepared for building modules`, why,
		fix: `apt install --reinstall linux-headers-${kernel} (a tree of your own: make modules_prepare, and a whole make for Module.symvers)`,
	})),
	output => {
		const tool = /(?:^|[\s/])([\w.+-]+): (?:command )?not found\b/m.exec(output)?.[1] ?? /(?:^|\s)make(?:\[\d+\])?: ([\w./+-]+): No such file or directory/m.exec(output)?.[1];
		return tool === undefined || /\.(?:[cho]|ko)$/.test(tool) ? undefined : missingProgram(tool);
	},
	(output, {target}) => tell(output, /gelf\.h: No such file|libelf/, why => ({code: 'NO_KERNEL_SOURCE', what: `a library to build ${target} with is missing`, why, fix: 'apt install libelf-dev'})),
	(output, {target, kernel, version}) => tell(output, /ERROR: modpost: .*undefined!/, why => ({
		code: 'KERNEL_MISMATCH', what: `${target} of ${version} does not fit ${kernel}`, why: `${why}: the kernel has no such function for modules`,
		fix: `build from the source of exactly this kernel (--source), and look whether the headers of ${kernel} are whole`,
	})),
	(output, {target, version}) => tell(output, /^.*\.[ch]:\d+(?::\d+)?: (?:fatal )?error: .*$/, () => ({
		code: 'DRIVER_BUILD_FAILED', what: `${target} of ${version} does not compile`, why: compileErrors(output),
		fix: 'is the source that of the running kernel? If so, vfctl does not know this kernel yet: report it with the whole message',
	})),
];

/** What made a build fail, from what the program printed. Known troubles first, else its last lines. */
export function buildTrouble(output: string, context: BuildContext): BuildTrouble {
	for (const one of known) {
		const trouble = one(output, context);
		if (trouble !== undefined) {
			return trouble;
		}
	}

	const {target, version} = context;
	return {
		code: 'DRIVER_BUILD_FAILED', what: `${target} of ${version} cannot be built`, why: lastLines(output) || 'make failed and said nothing',
		fix: 'report it with the whole message',
	};
}

/** NO_KERNEL_SOURCE for a program that is not installed, with the package that has it. */
export function missingProgram(program: string): BuildTrouble {
	const name = program.split('/').at(-1)!;
	const [debian, fedora = debian] = packages[name] ?? (/^(?:[\w-]+-)?(?:gcc|clang)(?:-\d+)?$/.test(name) ? [name, name.replace(/-\d+$/, '')] : [name]);
	return {
		code: 'NO_KERNEL_SOURCE', what: `the program '${name}' is not installed`, why: 'building the driver needs it',
		fix: `apt install ${debian} (Fedora, RHEL: dnf install ${fedora})`,
	};
}

const packages: Readonly<Record<string, readonly [string, string?]>> = {
	spatch: ['coccinelle'],
	make: ['make'],
	ld: ['binutils'],
	strip: ['binutils'],
	objcopy: ['binutils'],
	bc: ['bc'],
	flex: ['flex'],
	bison: ['bison'],
	modinfo: ['kmod'],
	xz: ['xz-utils', 'xz'],
	bzip2: ['bzip2'],
	zstd: ['zstd'],
	tar: ['tar'],
	pahole: ['pahole', 'dwarves'],
};

/** What make says about the compiler being another than the kernel's (Makefile of the kernel, rule
 * `prepare`), or undefined. Both lines of it. */
export function otherCompiler(output: string): string | undefined {
	const kernel = /The kernel was built by: (.*)/.exec(output)?.[1]?.trim();
	const used = /You are using:\s+(.*)/.exec(output)?.[1]?.trim();
	return kernel === undefined || used === undefined ? undefined : `the kernel was built by ${kernel}, the driver by ${used}`;
}

/** Why spatch could not do a patch. */
export function patchTrouble(output: string): string {
	const why = line(output, /^(?:.*(?:parse error|minus: parse error|exn while|Fatal error|Failure|already tagged token|different minus|semantic error|No such file).*)$/);
	return why ?? (lastLines(output) || 'spatch failed and said nothing');
}

function tell(output: string, pattern: RegExp, trouble: (why: string) => BuildTrouble): BuildTrouble | undefined {
	const why = line(output, pattern);
	return why === undefined ? undefined : trouble(why);
}

/** The first line that matches. */
function line(output: string, pattern: RegExp): string | undefined {
	return output.split('\n').find(one => pattern.test(one))?.trim();
}

/** The first errors of a compiler, without the directories that tell nobody anything. */
function compileErrors(output: string): string {
	const errors = output.split('\n').filter(one => /\.[ch]:\d+(?::\d+)?: (?:fatal )?error: /.test(one)).map(one => one.replace(/^.*\/(?=[^/]*\.[ch]:\d)/, ''));
	return [...errors.slice(0, shownLines), ...errors.length > shownLines ? [`and ${errors.length - shownLines} more`] : []].join('\n');
}

function lastLines(output: string): string {
	return output.trim().split('\n').slice(-shownLines).join('\n');
}
