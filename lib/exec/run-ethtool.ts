// Runs ethtool to change something, and makes its errors readable.
import type {Host} from '../host/host.ts';
import {quote} from '../model/shell-word.ts';
import {kernelWord} from '../sysfs/read-steering.ts';
import {kernelTime} from './kernel-messages.ts';
import {stepFailed} from './step-error.ts';

/** Causes and remedies of what the kernel answers (strerror), as far as the drivers agree
 * (model/steer-driver.ts names their functions). */
const reasons: Readonly<Record<string, {why: string; fix: (netdev: string) => string}>> = {
	'Operation not supported': {why: 'the driver cannot do this for the card as it is', fix: netdev => `vfctl steer list ${netdev}`},
	'Invalid argument': {why: 'the driver does not take this combination of fields, this queue or this location', fix: netdev => `vfctl steer list ${netdev}`},
	'File exists': {why: 'the card has a rule for the same packets, or for the same VLAN priority', fix: netdev => `vfctl steer list ${netdev}`},
	'No space left on device': {why: 'the table of the card is full, or the location is beyond its end', fix: netdev => `vfctl steer delete ${netdev} LOCATION`},
	'Device or resource busy': {why: 'the card is being reset', fix: () => 'try again in a moment'},
	'No such file or directory': {why: 'there is no rule at that location', fix: netdev => `vfctl steer list ${netdev}`},
	'No such device': {why: 'the interface is gone', fix: () => 'vfctl list'},
	'Operation not permitted': {why: 'the kernel does not allow it (not root, or locked down)', fix: () => 'dmesg | grep -i lockdown'},
};

/** Runs the command; throws STEP_FAILED with what the kernel said. An exit status of 0 proves
 * nothing: ethtool 6.1 ends with it when a rule was refused, so what it says counts, and callers
 * read back. */
export async function runEthtool(host: Host, argv: readonly [string, ...string[]], {what, netdev}: {what: string; netdev: string}): Promise<void> {
	const since = kernelTime(host);
	const {code, stdout, stderr} = await host.runner.run(argv);
	const refused = /^(?:rmgr|Cannot|Could not|netlink error)/m.test(stderr);
	if (code === 0 && !refused) {
		return;
	}

	const tooOld = /unrecognized option\[(?:vf|queue)\]/.test(stdout + stderr);
	const said = kernelWord(stderr) ?? stdout.trim().split('\n')[0] ?? '';
	const known = Object.hasOwn(reasons, said) ? reasons[said] : undefined;
	throw await stepFailed(host, what, {
		why: `'${argv.join(' ')}': ${tooOld ? 'this ethtool is too old to name a VF' : [said || `exit status ${code}`, ...known === undefined ? [] : [known.why]].join(': ')}`,
		...tooOld ? {fix: 'update ethtool (4.1 or newer)'} : known === undefined ? {} : {fix: known.fix(quote(netdev))},
		details: {argv: [...argv], said},
	}, {since, names: [netdev]});
}
