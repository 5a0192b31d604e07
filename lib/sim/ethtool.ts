// `ethtool` of a simulated host: features, rings and steering rules, in the words and with the exit
// codes of ethtool 6.14. test/steer-ethtool.test.ts holds this against the real program.
import type {CommandResult} from '../host/host.ts';
import type {RecordedCommand} from '../record/record.ts';
import {steeringQuestions} from '../sysfs/read-steering.ts';
import {strerror, type Errno} from './errno.ts';
import {changing, type Machine} from './machine.ts';
import {deleteRule, insertRule, locationsOf, newSteering, steeringOf, switchNtuple, type SimSteering} from './steering.ts';
import {parseSpec} from './steering-spec.ts';
import type {Bdf} from '../model/bdf.ts';

/** Runs the words after `ethtool`; undefined for what is not simulated. */
export function ethtool(machine: Machine, [option = '', netdev = '', ...words]: readonly string[]): CommandResult | undefined {
	const state = steeringOf(machine, netdev);
	if (state === undefined) {
		return undefined;
	}

	switch (option) {
		case '-k':
		case '--show-features': {
			return succeeded(featureText(netdev, state));
		}

		case '-n':
		case '--show-nfc': {
			return succeeded(rulesText(state));
		}

		case '-K':
		case '--features': {
			return setFeature(machine, netdev, words);
		}

		case '-N':
		case '--config-nfc': {
			return words[0] === 'delete' ? remove(machine, netdev, words[1] ?? '') : words[0] === 'flow-type' ? insert(machine, netdev, words.slice(1)) : undefined;
		}

		default: {
			return undefined;
		}
	}
}

/** What a synthetic card answers, for its record. */
export function ethtoolCommands(machine: Machine, pf: Bdf, netdev: string): RecordedCommand[] {
	const state = newSteering(machine, pf);
	const answers = state === undefined ? [] : [featureText(netdev, state), rulesText(state)];
	return steeringQuestions(netdev).flatMap((argv, index) => answers[index] === undefined ? [] : [{argv, code: 0, stdout: answers[index], stderr: ''}]);
}

function featureText(netdev: string, {ntuple: {on, fixed}}: SimSteering): string {
	return `Features for ${netdev}:\nrx-checksumming: on\ntx-checksumming: on\nntuple-filters: ${on ? 'on' : 'off'}${fixed ? ' [fixed]' : ''}\nreceive-hashing: on\n`;
}

function rulesText({queues, rules}: SimSteering): string {
	const blocks = rules.map(({location, lines}) => `Filter: ${location}\n${lines.map(line => `\t${line}\n`).join('')}\n`);
	return `${queues} RX rings available\nTotal ${rules.length} rules\n\n${blocks.join('')}`;
}

function setFeature(machine: Machine, netdev: string, [name, to]: readonly string[]): CommandResult | undefined {
	if (name !== 'ntuple' || (to !== 'on' && to !== 'off')) {
		return undefined;
	}

	changing(machine, `ethtool -K ${netdev} ntuple ${to}`);
	return switchNtuple(machine, netdev, to === 'on')
		? succeeded('')
		: {code: 1, stdout: `Actual changes:\nrx-ntuple-filter: ${to === 'on' ? 'off' : 'on'} [requested ${to}]\n`, stderr: 'Could not change any device features\n'};
}

function insert(machine: Machine, netdev: string, words: readonly string[]): CommandResult {
	const spec = parseSpec(words);
	if ('complaint' in spec) {
		const stdout = spec.complaint.includes('unrecognized') ? `${spec.complaint}\n` : '';
		return {code: 1, stdout, stderr: `${stdout === '' ? `${spec.complaint}\n` : ''}ethtool: bad command line argument(s)\nFor more information run ethtool -h\n`};
	}

	const chosen = spec.location >= 0;
	// The rule manager takes the last free one (rmgr_find_empty_slot).
	const taken = new Set(steeringOf(machine, netdev)?.rules.map(({location}) => location));
	const location = chosen ? spec.location : Array.from({length: locationsOf(machine, netdev)}, (_, index) => index).findLast(index => !taken.has(index)) ?? -1;
	if (location < 0) {
		return {code: 1, stdout: '', stderr: 'rmgr: Cannot find appropriate slot to insert rule\nCannot insert classification rule\n'};
	}

	changing(machine, `ethtool -N ${netdev} flow-type ${words.join(' ')}`);
	const errno = insertRule(machine, netdev, {...spec, location});
	return errno === undefined ? succeeded(chosen ? '' : `Added rule with ID ${location}\n`) : refused('insert', errno);
}

function remove(machine: Machine, netdev: string, text: string): CommandResult {
	if (!/^\d+$/.test(text)) {
		return {code: 1, stdout: '', stderr: 'ethtool: bad command line argument(s)\nFor more information run ethtool -h\n'};
	}

	changing(machine, `ethtool -N ${netdev} delete ${text}`);
	const errno = deleteRule(machine, netdev, Number(text));
	return errno === undefined ? succeeded('') : refused('delete', errno);
}

function refused(verb: 'insert' | 'delete', errno: Errno): CommandResult {
	return {code: 1, stdout: '', stderr: `rmgr: Cannot ${verb} RX class rule: ${strerror[errno] ?? errno}\nCannot ${verb} classification rule\n`};
}

function succeeded(stdout: string): CommandResult {
	return {code: 0, stdout, stderr: ''};
}
