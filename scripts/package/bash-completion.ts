// Completion for bash, from the table of commands: no program is started for it but virsh for the
// names of guests.
import {commonOptions} from '../../lib/cli/options.ts';
import {isSwitch, withChildren, type Argument, type Command} from './command-table.ts';

// Names of arguments by what they name; others have nothing to offer.
const kinds: Readonly<Record<string, readonly string[]>> = {
	_vfctl_guests: ['guest', 'guests'],
	_vfctl_devices: ['device', 'devices', 'pf', 'vf', 'vfs', 'what', 'pfs'],
	_vfctl_files: ['file', 'before', 'after', 'log', 'config', 'host-file', 'source', 'from', 'sign-key', 'sign-cert', 'host'],
};

/** The script for /usr/share/bash-completion/completions/vfctl. */
export function bashCompletion(commands: readonly Command[]): string {
	const all = commands.flatMap(withChildren);
	return `${head}
# The words that can follow a command, its options, and those of them that take a value.
_vfctl_command() {
	next= options= valued= names=
	case "$1" in
${[clause('', {next: commands.map(lastWord), options: ['--help', '--version'], valued: [], names: []}), ...all.map(commandClause)].join('\n')}
	*) return 1 ;;
	esac
}

# What can follow an option ($2) or stand for a name (<name>) of a command ($1).
_vfctl_values() {
	case "$1 $2" in
${all.flatMap(valueClauses).join('\n')}
	esac
	case "$2" in
${valueClause('--color', commonOptions.color)}${Object.entries(kinds).map(([provider, names]) => `\t${names.flatMap(name => [`--${name}`, `'<${name}>'`]).join(' | ')}) ${provider} ;;`).join('\n')}
	esac
}
${tail}`;
}

function commandClause(command: Command): string {
	const own = [...command.options, ...Object.entries(commonOptions) as ReadonlyArray<[string, Argument]>];
	const words = own.map(([name, argument]) => `--${isSwitch(argument) && argument.default === true ? 'no-' : ''}${name}`);
	return clause(command.words.join(' '), {
		next: command.children.map(lastWord),
		options: [...words, '--help'],
		valued: own.filter(([, argument]) => !isSwitch(argument)).map(([name]) => `--${name}`),
		names: [...command.usage.matchAll(/[\w-]+(?:\.\.)?/g)].map(([name]) => name),
	});
}

function clause(words: string, {next, options, valued, names}: Record<'next' | 'options' | 'valued' | 'names', readonly string[]>): string {
	return `\t'${words}') next='${next.join(' ')}' options='${options.join(' ')}' valued=' ${valued.join(' ')} ' names='${names.join(' ')}' ;;`;
}

function valueClauses({words, positionals, options}: Command): string[] {
	const named = [...[...positionals].map(([name, argument]) => [`<${name}>`, argument] as const), ...[...options].map(([name, argument]) => [`--${name}`, argument] as const)];
	return named.flatMap(([name, {choices = []}]) => choices.length === 0 ? [] : [`\t'${words.join(' ')} ${name}') echo '${choices.join(' ')}'; return ;;`]);
}

function valueClause(name: string, {choices = []}: Argument): string {
	return choices.length === 0 ? '' : `\t${name}) echo '${choices.join(' ')}' ;;\n`;
}

function lastWord({words}: Command): string {
	return words.at(-1)!;
}

const head = `# Completion of vfctl for bash, made from the program.

_vfctl_guests() {
	virsh --connect qemu:///system --readonly list --all --name 2>/dev/null
}

# Interfaces of PFs, and their VFs as vfctl names them. Addresses have colons, which bash takes for
# ends of words.
_vfctl_devices() {
	local file pf number count
	for file in /sys/class/net/*/device/sriov_numvfs; do
		[ -r "$file" ] || continue
		pf=\${file#/sys/class/net/} pf=\${pf%%/*}
		echo "$pf"
		read -r count 2>/dev/null <"$file" || continue
		for ((number = 0; number < count; number++)); do
			echo "$pf#$number"
		done
	done
}

_vfctl_files() {
	compgen -f -- "$cur"
}
`;

const tail = `
_vfctl() {
	local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
	local next options valued names command='' index=1 position=0 word
	COMPREPLY=()
	_vfctl_command ''
	while ((index < COMP_CWORD)); do
		word=\${COMP_WORDS[index]}
		((index += 1))
		case "$valued" in *" $word "*) ((index += 1)); continue ;; esac
		case "$word" in -*) continue ;; esac
		case " $next " in
		*" $word "*)
			command="\${command:+$command }$word"
			_vfctl_command "$command" ;;
		*) ((position += 1)) ;;
		esac
	done

	local offered
	case "$valued" in
	*" $previous "*) offered=$(_vfctl_values "$command" "$previous") ;;
	*)
		case "$cur" in
		-*) offered=$options ;;
		*)
			offered=$next
			# The name at this place; the last one stands for all that follow when it ends in dots.
			local at=0 name chosen=
			for name in $(echo "$names"); do
				if ((at == position)); then chosen=\${name%..}; fi
				case "$name" in *..) if ((position > at)); then chosen=\${name%..}; fi ;; esac
				((at += 1))
			done
			if [ -n "$chosen" ]; then
				offered="$offered
$(_vfctl_values "$command" "<$chosen>")"
			fi ;;
		esac ;;
	esac
	COMPREPLY=($(compgen -W "$offered" -- "$cur"))
	# A directory is gone on with, so no space follows it.
	if [ "\${#COMPREPLY[@]}" -eq 1 ] && [ -d "\${COMPREPLY[0]}" ] && type compopt >/dev/null 2>&1; then
		compopt -o filenames
	fi
}

complete -F _vfctl vfctl
`;
