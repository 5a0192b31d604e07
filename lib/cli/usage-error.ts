// What is wrong with a command line, in the words of this program rather than those of yargs.
import {AppError} from '../errors.ts';
import {commandUsages} from './commands.ts';

/** yargs' messages that say nothing to an admin, and ours. */
export const parserStrings: Record<string, string | Record<string, string>> = {
	'Not enough non-option arguments: got %s, need at least %s': {one: 'a name is missing: %s of %s is there', other: 'names are missing: %s of %s are there'},
	'Too many non-option arguments: got %s, maximum of %s': {one: 'too many names: %s, and at most %s is taken', other: 'too many names: %s, and at most %s are taken'},
	'Missing argument value: %s': {one: '--%s needs a value', other: 'these options need a value: %s'},
	'Unknown argument: %s': {one: 'there is no option or name \'%s\' here', other: 'there are no options or names %s here'},
	'Unknown command: %s': {one: 'there is no command \'%s\'', other: 'there are no commands %s'},
	'Did you mean %s?': 'there is no such command; did you mean \'%s\'?',
	'Not enough arguments following: %s': '--%s needs a value',
};

/** USAGE with the help of the command that was meant. */
export function usageError(message: string, argv: readonly string[]): AppError {
	const command = commandOf(argv);
	return new AppError('USAGE', tidy(message), {
		why: command in commandUsages
			? `it is called: vfctl ${command} ${commandUsages[command as keyof typeof commandUsages]} [options]`.replace('  ', ' ')
			: `the commands are: ${Object.keys(commandUsages).filter(name => name.startsWith(command)).join(', ')}`,
		fix: `vfctl ${command} --help`.replace('  ', ' '),
	});
}

const groups = new Set(Object.keys(commandUsages).filter(name => name.includes(' ')).map(name => name.split(' ')[0]));

/** `attach`, `vf create`; `vf` when it is not told which of the group, else nothing. */
function commandOf(argv: readonly string[]): string {
	for (const [index, word] of argv.entries()) {
		const both = `${word} ${argv[index + 1]}`;
		if (both in commandUsages || word in commandUsages || groups.has(word)) {
			return both in commandUsages ? both : word;
		}
	}

	return '';
}

/** `Invalid values:` with its lines as one sentence. */
function tidy(message: string): string {
	const [, name, given, choices] = /Argument: ([\w-]+), Given: (.*), Choices: (.*)/s.exec(message) ?? [];
	return name === undefined ? message.split('\n').join('; ') : `${given!.replaceAll('"', '\'')} is no value of ${name}: it is one of ${choices!.replaceAll('"', '')}`;
}
