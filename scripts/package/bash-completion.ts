// Completion for bash, from the table of commands: no program is started for it but virsh for the
// names of guests.
import {commonOptions} from '../../lib/cli/options.ts';
import {isSwitch, withChildren, type Argument, type Command} from './command-table.ts';

// Names of arguments by what they name; others have nothing to offer.
const kinds: Readonly<Record<string, readonly string[]>> = {
	_vfctl_guests: ['guest', 'guests'],
	_vfctl_devices: ['device', 'devices', 'pf', 'vf', 'vfs', 'what', 'pfs', 'names'],
	_vfctl_files: ['file', 'before', 'after', 'log', 'config', 'host-file', 'source', 'from', 'sign-key', 'sign-cert', 'host'],
};

const common = Object.entries(commonOptions) as ReadonlyArray<[string, Argument]>;

/** The script for /usr/share/bash-completion/completions/vfctl. */
export function bashCompletion(commands: readonly Command[]): string {
	const all = commands.flatMap(withChildren);
	return `${head}
# The words that can follow a command, its options, and those of them that take a value.
_vfctl_command() {
	next= options= valued= names=
	case "$1" in
${[clause('', commands, [['version', {type: 'boolean'}], ...common], ''), ...all.map(commandClause)].join('\n')}
	*) return 1 ;;
	esac
}

# What can follow an option ($2) or stand for a name (<name>) of a command ($1).
_vfctl_values() {
	case "$1 $2" in
${all.flatMap(valueClauses).join('\n')}
	esac
	case "$2" in
${Object.entries(kinds).map(([provider, names]) => `\t${names.flatMap(name => [`--${name}`, `'<${name}>'`]).join(' | ')}) ${provider} ;;`).join('\n')}
	esac
}
${tail}`;
}

function commandClause(command: Command): string {
	return clause(command.words.join(' '), command.children, [...command.options, ...common], command.usage);
}

function clause(words: string, children: readonly Command[], options: ReadonlyArray<readonly [string, Argument]>, usage: string): string {
	const next = children.map(({words}) => words.at(-1));
	const all = options.map(([name, argument]) => `--${isSwitch(argument) && argument.default === true ? 'no-' : ''}${name}`);
	const valued = options.filter(([, argument]) => !isSwitch(argument)).map(([name]) => `--${name}`);
	const names = [...usage.matchAll(/[\w-]+(?:\.\.)?/g)].map(([name]) => name);
	return `\t'${words}') next='${next.join(' ')}' options='${[...all, '--help'].join(' ')}' valued=' ${valued.join(' ')} ' names='${names.join(' ')}' ;;`;
}

function valueClauses({words, positionals, options}: Command): string[] {
	const named = [...[...positionals].map(([name, argument]) => [`<${name}>`, argument] as const), ...[...options].map(([name, argument]) => [`--${name}`, argument] as const)];
	return named.flatMap(([name, {choices = []}]) => choices.length === 0 ? [] : [`\t'${words.join(' ')} ${name}') printf '%s\\n' ${choices.join(' ')}; return ;;`]);
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
	local file
	for file in "$cur"*; do
		if [ -d "$file" ]; then echo "$file/"; elif [ -e "$file" ]; then echo "$file"; fi
	done
}
`;

const tail = `
# Offers what begins with the word under the cursor. Names of guests and interfaces are others' words:
# \`compgen -W\` would run what they have in them, and so would the shell when they were typed bare.
_vfctl_offer() {
	local one quoted
	while IFS= read -r one; do
		case "$one" in
		"$cur"*)
			printf -v quoted %q "$one"
			COMPREPLY+=("$quoted") ;;
		esac
	done
	# A directory is gone on with, so no space follows it. zsh has no compopt.
	case "\${#COMPREPLY[@]} \${COMPREPLY[0]-}" in
	'1 '*/) if type compopt >/dev/null 2>&1; then compopt -o nospace 2>/dev/null; fi ;;
	esac
}

_vfctl() {
	local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
	local next options valued names command='' index=1 position=0 word at=0 name chosen=
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

	case "$valued" in
	*" $previous "*)
		_vfctl_offer < <(_vfctl_values "$command" "$previous")
		return ;;
	esac
	case "$cur" in
	-*)
		_vfctl_offer < <(printf '%s\\n' $options)
		return ;;
	esac
	# The name at this place; one that ends in dots stands for all that follow.
	for name in $names; do
		case "$name" in
		*..) if ((position >= at)); then chosen=\${name%..}; fi ;;
		*) if ((position == at)); then chosen=$name; fi ;;
		esac
		((at += 1))
	done
	if [ -n "$next" ] && ((position == 0)); then
		_vfctl_offer < <(printf '%s\\n' $next)
	fi
	if [ -n "$chosen" ]; then
		_vfctl_offer < <(_vfctl_values "$command" "<$chosen>")
	fi
}

complete -F _vfctl vfctl
`;
