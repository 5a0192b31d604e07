// Makes a fresh clone ready: installs the npm packages when they are missing, and with --tools
// the Debian packages that the tests and the lab run. Plain JavaScript, because it comes first.
import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, readFileSync, statSync} from 'node:fs';

const root = new URL('..', import.meta.url).pathname;

/** True when the installed tree was made from the present lock file. */
function installed() {
	const marker = `${root}node_modules/.package-lock.json`;
	return existsSync(marker) && statSync(marker).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}

/** Debian packages of test/tools.json that have a file missing here. */
function missingPackages() {
	const tools = JSON.parse(readFileSync(`${root}test/tools.json`, 'utf8'));
	return Object.entries(tools).filter(([, file]) => !existsSync(file)).map(([name]) => name);
}

function run(command, args) {
	execFileSync(command, args, {cwd: root, stdio: ['ignore', process.stderr.fd, process.stderr.fd]});
}

if (!installed()) {
	console.error('installing npm packages');
	run('npm', ['ci', '--no-audit', '--no-fund']);
}

if (process.argv.includes('--tools')) {
	const packages = missingPackages();
	if (packages.length > 0) {
		const install = ['install', '--yes', '--no-install-recommends', ...packages];
		if (process.getuid() !== 0) {
			console.error(`missing Debian packages; run: sudo apt-get ${install.join(' ')}`);
			process.exit(8);
		}

		console.error(`installing Debian packages: ${packages.join(' ')}`);
		// Lists of a fresh machine are empty or old; without them nothing is found.
		spawnSync('apt-get', ['update'], {stdio: 'ignore'});
		// Service start-up is kept off: a test must not leave a libvirtd running on the machine.
		run('env', ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get', ...install]);
	}
}
