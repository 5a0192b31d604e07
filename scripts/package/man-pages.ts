// The manual pages, from the program's own words: vfctl.1, and one for each command at the top with
// those below it.
import {commonOptions} from '../../lib/cli/options.ts';
import {exitStatuses} from '../../lib/errors.ts';
import {riskNames} from '../../lib/plan/plan.ts';
import {statusTexts} from '../status-texts.ts';
import {isSwitch, withChildren, type Argument, type Command} from './command-table.ts';
import {bold, italic, item, plain, section, title} from './roff.ts';

export interface ManContext {
	readonly version: string;
	/** YYYY-MM-DD */
	readonly date: string;
}

const files: ReadonlyArray<readonly [string, string]> = [
	['/var/lib/vfctl/journal/', 'what vfctl did, for undo and recover'],
	['/var/lib/vfctl/backup/', 'files that vfctl persist edited, as they were'],
	['/etc/vfctl/host.yaml', 'the host file that the units of vfctl persist apply at boot'],
	['/usr/share/doc/vfctl/', 'everything else: a page for each topic'],
];

/** All pages, by the name of their file. */
export function manPages(commands: readonly Command[], context: ManContext): ReadonlyMap<string, string> {
	const pages = commands.map(command => [`vfctl-${command.words[0]}.1`, commandPage(command, context)] as const);
	return new Map([['vfctl.1', mainPage(commands, context)], ...pages]);
}

function mainPage(commands: readonly Command[], {version, date}: ManContext): string {
	return lines([
		title('vfctl', date, version),
		section('Name'), String.raw`vfctl \- gives virtual functions of SR\-IOV network cards to KVM guests, and takes them back`,
		section('Synopsis'), `${bold('vfctl')} ${italic('command')} [${italic('names')}] [${italic('options')}]`,
		section('Description'),
		plain('What changes the host is a plan, which --dry-run prints. It is checked, written to the journal, done step by step, and verified. vfctl undo takes it back, a failure puts everything back, and vfctl recover does so for a vfctl that was killed.'),
		section('Commands'),
		...commands.flatMap(command => withChildren(command).filter(({children}) => children.length === 0).map(one => item(`${bold(one.words.join(' '))} ${usage(one)}`.trimEnd(), `${one.description}. See vfctl-${one.words[0]}(1).`))),
		section('Options of every command'), ...options(Object.entries(commonOptions)),
		section('Exit status'), ...Object.entries(exitStatuses).map(([name, number]) => item(bold(String(number)), statusTexts[name as keyof typeof exitStatuses])),
		section('Risks that can be accepted'), plain('--accept-risk NAME goes on where vfctl would stop.'),
		...Object.entries(riskNames).map(([name, meaning]) => item(bold(name), meaning)),
		section('Environment'), item(bold('NO_COLOR'), 'no colours'), item(bold('CNI_COMMAND'), 'called without arguments, vfctl acts as the CNI plugin then'),
		section('Files'), ...files.map(([path, meaning]) => item(italic(path), meaning)),
		section('See also'), commands.map(command => reference(command)).join(',\n'),
	]);
}

function commandPage(command: Command, {version, date}: ManContext): string {
	const [name = ''] = command.words;
	const leaves = withChildren(command).filter(({children}) => children.length === 0);
	return lines([
		title(`vfctl-${name}`, date, version),
		section('Name'), String.raw`vfctl\-${plain(name)} \- ${plain(command.description)}`,
		section('Synopsis'), leaves.map(leaf => `${bold(`vfctl ${leaf.words.join(' ')}`)} ${usage(leaf)} [${italic('options')}]`.replaceAll(/ +/g, ' ')).join('\n.br\n'),
		...(leaves.length === 1 ? details(leaves[0]!, '.SH') : [section('Commands'), ...leaves.flatMap(leaf => [`.SS "${plain(`vfctl ${leaf.words.join(' ')}`)}"`, plain(`${capital(leaf.description)}.`), ...details(leaf, '.PP')])]),
		section('Options of every command'), ...options(Object.entries(commonOptions)),
		section('Exit status'), plain('As in vfctl(1).'),
		section('See also'), String.raw`.BR vfctl (1)`,
	]);
}

/** What names and options a command has. In a page of one command these are sections. */
function details({positionals, options: own}: Command, heading: '.SH' | '.PP'): string[] {
	const head = (text: string) => heading === '.SH' ? [section(text)] : [];
	return [
		...(positionals.size === 0 ? [] : head('Names')), ...[...positionals].map(([name, argument]) => item(italic(name), meaningOf(argument))),
		...(own.size === 0 ? [] : head('Options')), ...options([...own]),
	];
}

function options(all: ReadonlyArray<readonly [string, Argument]>): string[] {
	return all.map(([name, argument]) => {
		const off = isSwitch(argument) && argument.default === true;
		const word = bold(`--${off ? 'no-' : ''}${name}`);
		const value = isSwitch(argument) ? '' : ` ${italic('value')}`;
		return item(`${argument.alias === undefined ? '' : `${bold(`-${argument.alias}`)}, `}${word}${value}`, `${off ? 'without: ' : ''}${meaningOf(argument)}`);
	});
}

/** The description, the values that are possible, and the usual one. */
function meaningOf({describe = '', choices = [], default: usual, type}: Argument): string {
	const possible = choices.length === 0 ? '' : ` One of: ${choices.join(', ')}.`;
	const shown = (typeof usual === 'string' && usual !== '') || typeof usual === 'number' ? ` Default: ${usual}.` : '';
	return `${describe}${possible === '' && shown === '' ? '' : '.'}${possible}${type === 'boolean' ? '' : shown}`;
}

/** `<pf> [count]` with the names in italics. */
function usage(command: Command): string {
	return command.usage.replaceAll(/<([^>]+)>|\[([^\]]+)]/g, (_, needed?: string, free?: string) => needed === undefined ? `[${italic(free!)}]` : italic(needed));
}

function reference(command: Command): string {
	return String.raw`\fBvfctl\-${plain(command.words[0]!)}\fP(1)`;
}

function capital(text: string): string {
	return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function lines(all: readonly string[]): string {
	return `${all.join('\n')}\n`;
}
