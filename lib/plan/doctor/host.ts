// What is unfinished on the host itself.
import {kernelArgumentsItem} from '../persist/kernel-arguments.ts';
import {missingArguments} from '../persist/arguments.ts';
import {bad, needsRoot, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';

// Clocks that are set by the network differ by less.
const futureMs = 5 * 60_000;
const directory = '/var/lib/vfctl/journal';

function journal({journal: seenJournal}: DoctorFacts): Answer[] {
	if ('unseen' in seenJournal) {
		return [unseen(null, seenJournal.unseen)];
	}

	const {open} = seenJournal.value;
	if (open.length === 0) {
		return [ok(null, 'no operation of vfctl is unfinished', [seen(directory, 'every operation has its end')])];
	}

	return open.map(({number, title, running, damaged}) => running ? ok(`operation ${number}`, `at work: ${title}`, [seen(directory, 'no end yet, and its process is there')]) : bad('error', `operation ${number}`, damaged ? `its file in the journal is damaged: ${title}` : `cut off in the middle: ${title}`, {
		evidence: [seen(directory, `operation ${number} has no end, and its process is gone`)],
		meaning: 'half of it may be done; vfctl changes nothing more until that is put right',
		advice: damaged ? 'look at the host, put it right by hand, and give the operation up' : 'put it back',
		commands: damaged ? [`vfctl recover --give-up ${number}`] : ['vfctl recover'],
	}));
}

function clock({journal: seenJournal, nowMs}: DoctorFacts): Answer[] {
	if ('unseen' in seenJournal) {
		return [unseen(null, seenJournal.unseen)];
	}

	const {newestMs} = seenJournal.value;
	const ahead = newestMs === null ? 0 : newestMs - nowMs;
	const evidence = newestMs === null ? [] : [seen(directory, `newest time ${new Date(newestMs).toISOString()}`), seen('date', new Date(nowMs).toISOString())];
	return [ahead <= futureMs ? ok(null, 'the clock is not behind the journal', evidence) : bad('warning', null, `the journal of vfctl is from the future: by ${ahead > 172_800_000 ? `${Math.round(ahead / 86_400_000)} days` : `${Math.round(ahead / 60_000)} minutes`}`, {
		evidence, meaning: 'the clock was set back, or is wrong: times in histories and logs mislead, and changes that wait for a confirmation wait too long',
		advice: 'set the clock, and let it be kept', commands: ['timedatectl set-ntp true', 'timedatectl'],
	})];
}

/** The command line that runs against that of the next boot. */
function kernelArguments({boot, inventory, time}: DoctorFacts): Answer[] {
	const {state, why, actions, warnings} = kernelArgumentsItem(boot, time);
	const evidence = [seen('/proc/cmdline', boot.runningArguments.join(' ')), seen('boot loader', boot.loader.kind === 'unknown' ? boot.loader.why : boot.loader.kind)];
	const running = missingArguments(boot.iommuMaker, boot.runningArguments);
	const fix = {advice: 'write them for the next boot', commands: ['vfctl persist on --only kernel-arguments'], repair: {actions, warnings}} as const;
	if (state === 'after-reboot') {
		return [bad('warning', null, why, {evidence, meaning: 'the running kernel works without them until then', advice: 'reboot when guests allow', commands: ['reboot']})];
	}

	// Kernels that switch the IOMMU on by themselves need no argument now and none at the next boot.
	if (state === 'missing' && running.length === 0) {
		return [bad('warning', null, `the running kernel has arguments that the next boot will not have: ${why}`, {evidence, meaning: why.includes('intel_iommu=on') ? 'after the next boot the IOMMU may be off, and guests with devices do not start' : 'after the next boot all devices of the host are translated, too, and lose speed', ...fix})];
	}

	return state === 'by-hand' && inventory.kernel.iommu === 'off'
		? [unseen(null, why, {evidence})]
		: [ok(null, state === 'missing' || state === 'by-hand' ? `the next boot has the arguments of this one (${inventory.kernel.iommu === 'on' ? 'the IOMMU is on without more' : 'see iommu.translation for what is missing'})` : why, evidence)];
}

function traces(facts: DoctorFacts): Answer[] {
	const {leftTraces, root} = facts;
	if (leftTraces === null) {
		// A host without tracefs has none.
		return root ? [] : [needsRoot(null, facts, 'the kernel\'s traces cannot be seen')];
	}

	return leftTraces.length === 0 ? [ok(null, 'no trace of vfctl was left behind')] : leftTraces.map(directory => bad('warning', directory, 'a trace of vfctl that was killed goes on', {
		evidence: [seen(directory, 'there, and its process is gone')],
		meaning: 'it takes memory and some time of every packet of two interfaces, and nobody reads it',
		advice: 'remove it; the next vfctl trace does so too', commands: [`rmdir ${directory}`],
	}));
}

export const hostChecks: CheckGroup = {group: 'host', checks: [
	{name: 'journal', asks: 'no operation of vfctl was cut off', look: journal},
	{name: 'clock', asks: 'the journal of vfctl is not from the future', look: clock},
	{name: 'kernel-arguments', asks: 'the next boot has the kernel arguments of this one', look: kernelArguments},
	{name: 'traces', asks: 'no trace of vfctl was left behind', look: traces},
]};
