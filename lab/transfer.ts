import {readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import {repositoryDirectory} from './paths.ts';
import {runBinary} from './run.ts';
import {shellWords, type Ssh} from './ssh.ts';
import {COMMAND_MS} from './timeouts.ts';

// Copies a file to a path there, or what is in a directory into a directory there. Modes are kept.
export async function putInto(ssh: Ssh, source: string, destination: string): Promise<void> {
	const stat = statSync(source, {throwIfNoEntry: false});
	if (stat === undefined) {
		throw new LabError(`there is no ${source} to copy into the lab`);
	}

	const target = shellWords([destination]);
	if (stat.isDirectory()) {
		await unpackInto(ssh, ['-C', source, '.'], destination);
		return;
	}

	await ssh.exec(
		`mkdir -p ${shellWords([path.posix.dirname(destination)])} && cat >${target} && chmod ${(stat.mode & 0o777).toString(8)} ${target}`,
		{timeoutMs: COMMAND_MS, input: readFileSync(source)},
	);
}

// Machine code that V8 writes must be translated again by TCG: interpreting takes half the time
// for programs that run a few seconds (measured: 5.4 s instead of 10.9 s for three commands).
export const NODE_FLAGS = '--jitless';

// Says to tar what an installed vfctl is, from its directory: the built program, with koffi and its library for
// this platform only.
export function vfctlFiles(): string[] {
	const built = path.join(repositoryDirectory, 'dist/vfctl.cjs');
	if (statSync(built, {throwIfNoEntry: false}) === undefined) {
		throw new LabError('vfctl is not built', {why: `there is no ${built}`, fix: 'npm run build'});
	}

	return [
		'-C', path.dirname(built), 'vfctl.cjs',
		'-C', repositoryDirectory,
		'--exclude=musl_x64', '--exclude=*.cc', '--exclude=*.hh', '--exclude=*.inc', '--exclude=*.S', '--exclude=*.d.ts',
		...['package.json', 'index.cjs', 'index.js', 'indirect.cjs', 'indirect.js', 'src'].map(name => `node_modules/koffi/${name}`),
		'node_modules/@koromix/koffi-linux-x64',
	];
}

// Copies the built vfctl to /opt/vfctl there.
export async function installVfctlInto(ssh: Ssh): Promise<void> {
	await unpackInto(ssh, vfctlFiles(), '/opt/vfctl');
	await ssh.exec('cat >/usr/local/bin/vfctl && chmod 755 /usr/local/bin/vfctl', {
		timeoutMs: COMMAND_MS,
		input: `#!/bin/sh\nexec node ${NODE_FLAGS} /opt/vfctl/vfctl.cjs "$@"\n`,
	});
}

async function unpackInto(ssh: Ssh, tarWords: readonly string[], destination: string): Promise<void> {
	const {stdout} = await runBinary(['tar', '--create', '--owner=0', '--group=0', '--numeric-owner', ...tarWords], {timeoutMs: COMMAND_MS});
	const target = shellWords([destination]);
	await ssh.exec(`mkdir -p ${target} && tar --extract --directory ${target}`, {timeoutMs: COMMAND_MS, input: stdout});
}
