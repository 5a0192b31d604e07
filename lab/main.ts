import process from 'node:process';
import {parseArgs} from 'node:util';
import {errorText, LabError} from './errors.ts';
import {kernelOf, otherKernels} from './kernels.ts';
import {Lab} from './lab.ts';
import {stateDirectory} from './paths.ts';
import type {Point} from './points.ts';
import {labProcesses} from './process.ts';
import {reportToStderr} from './progress.ts';
import {shellWords} from './ssh.ts';
import {labNames, readState} from './state.ts';
import {installMissingTools} from './tools.ts';

const USAGE = `usage: npm run lab -- COMMAND [--name NAME]

  setup                 installs the tools the lab needs on this machine
  up [--point POINT]    starts a lab; the first time it is built, which takes about two minutes
  exec COMMAND          runs a command on the emulated host (one word: its shell reads it)
  shell                 opens a shell there
  put FILE DEST         copies a file to a path there, or a directory's content into a directory
  get FILE DEST         copies a file from there
  snapshot              makes the present state the one to restore
  restore [--point POINT]    goes back to it, or to where the lab started
  down [--all]          ends the lab
  list                  shows the labs that run

options
  --name NAME     several labs can run side by side (default: default)
  --point POINT   clean: a host just booted; guests: two guests, vm0 and vm1, already run
  --kernel NAME   up: another kernel than the tree's own (${otherKernels.join(', ')})
  --fresh         up: builds everything anew, with the newest packages
`;

const OPTIONS = {
	name: {type: 'string', default: 'default'},
	point: {type: 'string'},
	kernel: {type: 'string'},
	fresh: {type: 'boolean', default: false},
	all: {type: 'boolean', default: false},
	help: {type: 'boolean', short: 'h', default: false},
} as const;

type Values = {name: string; point?: string; kernel?: string; fresh: boolean; all: boolean; help: boolean};
type Command = (words: readonly string[], values: Values) => Promise<number | void>;

const COMMANDS: Record<string, Command> = {
	async setup() {
		const installed = await installMissingTools();
		process.stdout.write(installed.length === 0 ? 'all tools are here\n' : `installed ${installed.join(' ')}\n`);
	},
	async up(_, {name, point, kernel, fresh}) {
		const lab = await Lab.start({name, point: pointOf(point) ?? 'clean', kernel: kernelOf(kernel), fresh, detached: true, report: reportToStderr});
		process.stdout.write(`lab '${lab.name}' is up; try: npm run lab -- exec 'lspci | grep Ethernet'\n`);
	},
	async exec(words, {name}) {
		need(words, 1, 'exec COMMAND');
		const [first = ''] = words;
		return Lab.open(name).interactive(words.length === 1 ? first : shellWords(words));
	},
	async shell(_, {name}) {
		return Lab.open(name).interactive();
	},
	async put(words, {name}) {
		need(words, 2, 'put FILE DEST');
		await Lab.open(name).put(words[0] ?? '', words[1] ?? '');
	},
	async get(words, {name}) {
		need(words, 2, 'get FILE DEST');
		await Lab.open(name).get(words[0] ?? '', words[1] ?? '');
	},
	async snapshot(_, {name}) {
		await Lab.open(name).snapshot();
	},
	async restore(_, {name, point}) {
		await Lab.open(name, {report: reportToStderr, crashed: true}).restore(pointOf(point));
	},
	async down(_, {name, all}) {
		for (const each of all ? labNames() : [name]) {
			await Lab.remove(each);
		}
	},
	async list() {
		for (const name of labNames()) {
			const directory = stateDirectory(name);
			const state = readState(directory);
			const running = labProcesses(directory) === undefined ? 'not running' : 'running';
			process.stdout.write(`${name}\t${running}\t${state?.point ?? '-'}\t${state?.accelerator ?? '-'}\n`);
		}
	},
};

function pointOf(word: string | undefined): Point | undefined {
	if (word === undefined || word === 'clean' || word === 'guests') {
		return word;
	}

	throw new LabError(`there is no point '${word}'`, {fix: '--point clean, or --point guests'});
}

function need(words: readonly string[], count: number, usage: string): void {
	if (words.length < count) {
		throw new LabError('something is missing', {fix: `npm run lab -- ${usage}`});
	}
}

// Our options stand before the first word of a command to run; what follows belongs to that command.
function parse(argv: readonly string[]): {command: string | undefined; words: string[]; values: Values} {
	const [command, ...rest] = argv;
	const {tokens} = parseArgs({args: rest, options: OPTIONS, allowPositionals: true, strict: false, tokens: true});
	const firstWord = command === 'exec' ? tokens.find(token => token.kind === 'positional')?.index : undefined;
	const end = firstWord ?? rest.length;
	const {values, positionals} = parseArgs({args: rest.slice(0, end), options: OPTIONS, allowPositionals: true});
	return {command, words: [...positionals, ...rest.slice(end)], values: values as Values};
}

async function main(): Promise<number> {
	const {command, words, values} = parse(process.argv.slice(2));
	const action = command === undefined || values.help ? undefined : COMMANDS[command];
	if (action === undefined) {
		process.stderr.write(USAGE);
		return values.help || command === '--help' ? 0 : 64;
	}

	return (await action(words, values)) ?? 0;
}

try {
	process.exitCode = await main();
} catch (error) {
	process.stderr.write(`${errorText(error)}\n`);
	process.exitCode = 1;
}
