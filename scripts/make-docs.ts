// Writes docs/commands.md and docs/exit-codes.md from the program itself, so that they cannot
// drift. `--check` writes nothing and fails when they differ.
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {commandUsages} from '../lib/cli/commands.ts';
import {errorCodes, exitStatuses} from '../lib/errors.ts';
import {riskNames} from '../lib/plan/plan.ts';
import {statusTexts} from './status-texts.ts';

function help(command: string): string {
	return execFileSync('node', ['dist/vfctl.cjs', ...command.split(' ').filter(word => word !== ''), '--help'], {encoding: 'utf8', env: {...process.env, COLUMNS: '100', LC_ALL: 'C'}}).trimEnd();
}

function commandsPage(): string {
	const sections = Object.keys(commandUsages).map(command => `## vfctl ${command}\n\n\`\`\`text\n${help(command)}\n\`\`\``);
	return `# Commands\n\nMade from the program by \`npm run docs\`. A test keeps it true.\n\n\`\`\`text\n${help('')}\n\`\`\`\n\n${sections.join('\n\n')}\n`;
}

function exitPage(): string {
	const statuses = Object.entries(exitStatuses).map(([name, number]) => `| ${number} | ${statusTexts[name as keyof typeof exitStatuses]} |`);
	const codes = Object.entries(errorCodes).map(([code, {exit, meaning}]) => `| \`${code}\` | ${exitStatuses[exit]} | ${meaning} |`);
	const risks = Object.entries(riskNames).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
	return [
		'# Exit statuses and error codes',
		'',
		'Made from the program by `npm run docs`. Numbers and codes never change their meaning.',
		'',
		'| status | meaning |',
		'| --- | --- |',
		...statuses,
		'',
		'Every error says what happened, why, and what to type next; with `--json` it is one object on standard output:',
		'`{"error": {"code", "message", "why", "fix", "exitStatus", "details"}}`.',
		'',
		'| code | status | meaning |',
		'| --- | --- | --- |',
		...codes,
		'',
		'## Risks that can be accepted',
		'',
		'`--accept-risk NAME` goes on where vfctl would stop.',
		'',
		'| name | what it means |',
		'| --- | --- |',
		...risks,
		'',
	].join('\n');
}

const pages = {'docs/commands.md': commandsPage(), 'docs/exit-codes.md': exitPage()};
for (const [file, text] of Object.entries(pages)) {
	if (!process.argv.includes('--check')) {
		writeFileSync(file, text);
	} else if (readFileSync(file, 'utf8') !== text) {
		console.error(`${file} is not what the program says: npm run docs`);
		process.exitCode = 1;
	}
}
