// Whether guests can run at full speed at all.
import {installCommand} from '../../model/distribution.ts';
import {bad, logEvidence, ok, seen, unseen, type Answer, type CheckGroup} from './check.ts';
import type {DoctorFacts} from './facts.ts';

// kvm of Linux 4.x to 5.5 (kvm_main.c), feat_ctl.c from 5.6 on (which then takes the flag away), svm.c.
const switchedOff = /kvm(?:_intel|_amd)?: .*disabled by bios|(?:VMX|SVM).*disabled.*BIOS/i;

function virtualization(facts: DoctorFacts): Answer[] {
	const {cpuFlags} = facts;
	if (cpuFlags === null) {
		return facts.kvmNode ? [] : [unseen(null, 'the processor has no x86 flags in /proc/cpuinfo, so only /dev/kvm could tell, and it is not there', {evidence: [seen('/dev/kvm', undefined)]})];
	}

	const flag = ['vmx', 'svm'].find(name => cpuFlags.includes(name));
	const log = logEvidence(facts, switchedOff);
	if (flag !== undefined && log.length === 0) {
		return [ok(null, `the processor virtualises (${flag})`, [seen('/proc/cpuinfo', `flags: ${flag}`)])];
	}

	const inside = cpuFlags.includes('hypervisor');
	return [bad('error', null, log.length > 0 ? 'virtualisation is switched off in the firmware' : 'the processor shows neither vmx nor svm', {
		evidence: [seen('/proc/cpuinfo', `flags: ${flag ?? 'neither vmx nor svm'}${inside ? ', hypervisor' : ''}`), ...log],
		meaning: 'KVM does not work: guests are emulated, many times slower, and cannot have devices of the host',
		advice: inside ? 'this host is a guest itself: its own host must pass virtualisation on (see cpu.nested)'
			: 'switch on Intel VT-x or AMD-V (SVM) in the firmware, then switch the machine off and on',
	})];
}

function kvm(facts: DoctorFacts): Answer[] {
	const {inventory: {kernel: {modules}}, boot: {cpuVendor}, cpuFlags, loadable} = facts;
	if (cpuFlags !== null && !cpuFlags.includes('vmx') && !cpuFlags.includes('svm')) {
		// They would refuse to load: see cpu.virtualization.
		return [];
	}

	const vendor = cpuFlags === null ? null : cpuVendor === 'intel' ? 'kvm_intel' : cpuVendor === 'amd' ? 'kvm_amd' : null;
	const missing = ['kvm', ...vendor === null ? [] : [vendor]].filter(name => !modules.includes(name));
	const evidence = [seen('/sys/module', missing.length === 0 ? ['kvm', ...vendor === null ? [] : [vendor]].join(', ') : `no ${missing.join(', no ')}`), ...logEvidence(facts, /\bkvm(?:_intel|_amd)?: /)];
	// systemd makes /dev/kvm before any module is there, so on x86 the node proves nothing.
	if (missing.length === 0 || (facts.kvmNode && vendor === null)) {
		return [ok(null, `KVM is loaded${vendor === null ? '' : ` (${vendor})`}`, evidence)];
	}

	const module = vendor ?? 'kvm';
	return [bad('error', null, `${module} is not loaded`, {
		evidence, meaning: 'guests with type=\'kvm\' do not start',
		advice: 'load it; when that fails, dmesg says why',
		commands: [`modprobe ${module}`],
		repair: loadable?.includes(module) ? {actions: [{kind: 'load-module', module, from: 'absent', to: 'loaded'}], mayBeMeant: false} : undefined,
	})];
}

function kvmNode({kvmNode: there, distribution, inventory}: DoctorFacts): Answer[] {
	if (there) {
		return [ok(null, '/dev/kvm is there', [seen('/dev/kvm', 'there')])];
	}

	return [bad('error', null, '/dev/kvm is missing', {
		evidence: [seen('/dev/kvm', undefined)],
		meaning: 'QEMU cannot use KVM',
		advice: inventory.kernel.modules.includes('kvm') ? 'the module is loaded and the node is not there: in a container it must be passed in; else let udev make it' : 'it comes with the module; QEMU\'s package sets its group',
		commands: inventory.kernel.modules.includes('kvm') ? ['udevadm trigger --name-match=kvm'] : installCommand(distribution, {debian: 'qemu-system-x86', rhel: 'qemu-kvm', suse: 'qemu-kvm', arch: 'qemu-base'}),
	})];
}

/** Only a host that is a guest itself is asked: elsewhere nesting is a wish, not a need. */
function nested({cpuFlags, nested: on}: DoctorFacts): Answer[] {
	if (!(cpuFlags?.includes('hypervisor') ?? false)) {
		return [];
	}

	const virtualises = cpuFlags!.includes('vmx') || cpuFlags!.includes('svm');
	const evidence = [seen('/proc/cpuinfo', `flags: hypervisor${virtualises ? `, ${cpuFlags!.includes('vmx') ? 'vmx' : 'svm'}` : ''}`), ...on === null ? [] : [seen('/sys/module/kvm_*/parameters/nested', on ? 'Y' : 'N')]];
	return virtualises ? [ok(null, 'this host is a guest, and may have guests itself', evidence)] : [bad('warning', null, 'this host is a guest, and its host does not pass virtualisation on', {
		evidence, meaning: 'what is said about virtualisation must be put right on that host, not here',
		advice: 'on the host below: kvm_intel.nested=1 or kvm_amd.nested=1, and <cpu mode=\'host-passthrough\'/> for this guest; and an IOMMU for it (<iommu model=\'intel\'><driver intremap=\'on\' caching_mode=\'on\'/></iommu>)',
	})];
}

export const cpuChecks: CheckGroup = {group: 'cpu', checks: [
	{name: 'virtualization', asks: 'the processor virtualises, and the firmware has not switched it off', look: virtualization},
	{name: 'kvm-module', asks: 'kvm and kvm_intel or kvm_amd are loaded', look: kvm},
	{name: 'kvm-device', asks: '/dev/kvm is there', look: kvmNode},
	{name: 'nested', asks: 'a host that is a guest itself may have guests', look: nested},
]};
