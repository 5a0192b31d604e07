// What Intel's IOMMU (VT-d) says while the machine runs.
import type {MessageEntry} from './message-entry.ts';

// "[DMA Write NO_PASID] Request device [3b:10.0] fault addr 0x..." since 5.14, "PASID ffffffff" in 5.11 to
// 5.13, nothing of a PASID and "fault reason 05" without 0x before.
const fault = (reason: string): RegExp => new RegExp(
	String.raw`\[DMA (?<access>Read|Write)(?: NO_PASID| PASID (?:0x)?[0-9a-f]+)?\] Request device \[(?:0x)?(?<bdf>[0-9a-f]{2}:(?:0x)?[0-9a-f]{2}\.[0-7])\](?: PASID [0-9a-f]+)? fault addr (?<address>(?:0x)?[0-9a-f]+) \[fault reason (?:0x)?${reason}\]`);

export const iommuIntelMessages: readonly MessageEntry[] = [
	{
		id: 'dmar.fault-not-mapped',
		severity: 'danger',
		pattern: fault('(?<reason>05|06|7[19]|8[56])'),
		meaning: 'Device {bdf} tried a DMA {access} at {address}, which it may not; the IOMMU stopped it.',
		cause: 'The address is not mapped for that device, or not for this kind of access. Of a VF in a guest: the guest\'s driver went on using memory that was taken away (reboot, crash or reset of the guest, hot unplug), or it is faulty or hostile. Of a device of the host: a driver bug, or firmware that uses memory it did not declare.',
		remedies: [
			{advice: 'See which VF it is and who has it.', command: 'vfctl show {bdf}'},
			{advice: 'A few lines while a guest starts or stops are over with that. If they go on, restart the guest, then update the VF driver in it.', command: 'virsh reboot {guest|GUEST}'},
			{advice: 'If {bdf} is a device of the host: update its driver and the firmware. Start the kernel with iommu=pt to let the host\'s own devices through; guests stay protected.'},
		],
		source: 'drivers/iommu/intel/dmar.c dmar_fault_do_one',
		examples: [
			'[ 1188.230212] DMAR: [DMA Write NO_PASID] Request device [3b:10.0] fault addr 0xfd3c0000 [fault reason 0x05] PTE Write access is not set',
			'[  144.480641] DMAR: [DMA Read] Request device [3b:10.2] PASID ffffffff fault addr 9c000000 [fault reason 06] PTE Read access is not set',
			'[10672.868940] DMAR: [DMA Write] Request device [3b:10.4] fault addr 0 [fault reason 05] PTE Write access is not set',
			'[ 1188.230212] DMAR: [DMA Read NO_PASID] Request device [3b:10.0] fault addr 0x7fe00000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear',
		],
	},
	{
		id: 'dmar.fault-no-context',
		severity: 'danger',
		pattern: fault('(?<reason>01|02|39|41|44)'),
		meaning: 'The IOMMU knows no device {bdf}: its DMA {access} at {address} was stopped.',
		cause: 'No driver has attached the device to the IOMMU, or it was already taken off. Possible: a VF that goes on with DMA after its guest ended, a device that sends under another number than its own (a bridge, or a function that is not listed), firmware that left a device running.',
		remedies: [
			{advice: 'See what {bdf} is. If nothing is there, the device behind it uses a wrong requester id.', command: 'lspci -s {bdf}; vfctl show {bdf}'},
			{advice: 'If it is a VF without a user, give it back to its driver, which resets it.', command: 'vfctl restore {bdf}'},
		],
		source: 'drivers/iommu/intel/dmar.c dmar_fault_do_one',
		examples: [
			'[  228.845965] DMAR: [DMA Write] Request device [3b:10.0] fault addr ffee0000 [fault reason 02] Present bit in context entry is clear',
			'[    0.361089] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x7cd80000 [fault reason 0x01] Present bit in root entry is clear',
		],
	},
	{
		id: 'dmar.fault-beyond-width',
		severity: 'error',
		pattern: fault('(?<reason>04|83|84)'),
		meaning: 'Device {bdf} used address {address}, which is beyond what this IOMMU can translate.',
		cause: 'The address is wider than the IOMMU\'s page tables. Possible: a guest with more memory or a wider address space than the host\'s IOMMU (often 39 bits on desktop CPUs), or a wild address of a faulty driver.',
		remedies: [
			{advice: 'Compare: the width of the guest should not be above that of the IOMMU.', command: 'dmesg | grep "Host address width"'},
			{advice: 'Set <maxphysaddr mode="emulate" bits="39"/> below <cpu> in the guest.', command: 'virsh edit {guest|GUEST}'},
		],
		source: 'drivers/iommu/intel/dmar.c dmar_fault_do_one',
		examples: ['[ 1188.230212] DMAR: [DMA Write NO_PASID] Request device [3b:10.0] fault addr 0xffff00000000 [fault reason 0x04] Access beyond MGAW'],
	},
	{
		id: 'dmar.fault-broken-table',
		severity: 'danger',
		pattern: fault('(?<reason>03|0[789abcd]|3[08a]|4[0235678]|5\\d|70|7[2-8abc]|8[0127])'),
		meaning: 'The IOMMU could not use its own tables for device {bdf} (address {address}).',
		cause: 'An entry of the tables is not valid or could not be read. That is a fault of the kernel, the firmware or the memory, or a device that asks for translations it may not.',
		remedies: [
			{advice: 'Update kernel and firmware; look for memory errors.', command: 'dmesg | grep -iE "mce|EDAC|hardware error"'},
			{advice: 'If it is a graphics device of the host that nobody needs, intel_iommu=igfx_off keeps it out.'},
		],
		source: 'drivers/iommu/intel/dmar.c dmar_fault_do_one',
		examples: ['[    0.938401] DMAR: [DMA Read NO_PASID] Request device [0x00:0x02.0] fault addr 0x70ad5000 [fault reason 0x07] Next page table ptr is invalid'],
	},
	{
		id: 'dmar.fault-pending',
		severity: 'warning',
		pattern: /DRHD: handling fault status reg (?<status>[0-9a-f]+)/,
		meaning: 'The IOMMU stopped an access or an interrupt; the next line says whose.',
		cause: 'Fault records are waiting. Alone, without a "Request device" line, there was none left to read.',
		remedies: [{advice: 'Read the line that follows.', command: 'dmesg | grep -A2 "DRHD: handling fault"'}],
		source: 'drivers/iommu/intel/dmar.c dmar_fault',
		examples: ['[  139.513963] DMAR: DRHD: handling fault status reg 3'],
	},
	{
		id: 'dmar.intr-remap-fault',
		severity: 'danger',
		pattern: /\[INTR-REMAP\] Request device \[(?:0x)?(?<bdf>[0-9a-f]{2}:(?:0x)?[0-9a-f]{2}\.[0-7])\] fault index (?<index>(?:0x)?[0-9a-f]+) \[fault reason (?:0x)?(?<reason>[0-9a-f]{2})\] (?<text>.{5,90})/,
		meaning: 'An interrupt of device {bdf} was stopped: {text}.',
		cause: 'The device sent an interrupt that is not set up for it. After a reset a device may send an old one; firmware that never heard of remapping may send its own; a guest that tried to forge one is stopped here too.',
		remedies: [
			{advice: 'Look what {bdf} is and who has it.', command: 'vfctl show {bdf}'},
			{advice: 'One line at a reset is nothing. If it repeats, update the firmware and the driver. Do not switch remapping off: it is what protects the host.'},
		],
		source: 'drivers/iommu/intel/dmar.c dmar_fault_do_one',
		examples: [
			'[  510.311200] DMAR: [INTR-REMAP] Request device [3b:10.0] fault index 0x1d [fault reason 0x22] Present field in the IRTE entry is clear',
			'[  510.311200] DMAR: [INTR-REMAP] Request device [f0:1f.7] fault index 0 [fault reason 37] Blocked a compatibility format interrupt request',
		],
	},
	{
		id: 'dmar.faults-suppressed',
		severity: 'danger',
		pattern: /dmar_fault: (?<count>\d+) callbacks suppressed/,
		meaning: '{count} more IOMMU faults came than were printed.',
		cause: 'A device goes on with DMA it may not do, at a high rate; handling that costs the host CPU time.',
		remedies: [
			{advice: 'Find the device in the lines around.', command: 'dmesg | grep "Request device" | tail -3'},
			{advice: 'Stop the guest that has it.', command: 'virsh destroy {guest|GUEST}'},
		],
		source: 'drivers/iommu/intel/dmar.c dmar_fault (rate limit)',
		examples: ['[  144.480629] dmar_fault: 893 callbacks suppressed'],
	},
	{
		id: 'dmar.invalidation-timeout',
		severity: 'danger',
		pattern: /VT-d detected Invalidation (?<kind>Time-out|Completion|Queue) Error: (?:SID|Reason) (?<id>[0-9a-f]+)/,
		meaning: 'The IOMMU could not drop an old translation ({kind} error, {id}).',
		cause: 'Time-out and Completion: a device with its own translation cache (ATS) did not answer, because it hangs or is gone; SID is its number. Queue: the request itself was not valid.',
		remedies: [
			{advice: 'Find the device (SID in hexadecimal is bus, then device and function), and reset or replace it.', command: 'dmesg | grep -E "AER|not ready|Link Down"'},
			{advice: 'Start the kernel with pci=noats if the device is known to be bad at it.'},
		],
		source: 'drivers/iommu/intel/dmar.c qi_dump_fault',
		examples: ['[ 4120.330120] DMAR: VT-d detected Invalidation Time-out Error: SID 3b80', '[ 4120.330120] DMAR: VT-d detected Invalidation Queue Error: Reason 4'],
	},
	{
		id: 'dmar.pte-already-set',
		severity: 'danger',
		pattern: /ERROR: DMA PTE for vPFN (?<frame>0x[0-9a-f]+) already set/,
		meaning: 'The host mapped one DMA address twice.',
		cause: 'A bug in the kernel or a driver: the first mapping was never taken away.',
		remedies: [{advice: 'Update the kernel; keep the trace that follows for a report.', command: 'dmesg | grep -A30 "DMA PTE for vPFN"'}],
		source: 'drivers/iommu/intel/iommu.c __domain_mapping',
		examples: ['[ 3311.120312] DMAR: ERROR: DMA PTE for vPFN 0xfee00 already set (to fee00003 not 101a3d9003)'],
	},
	{
		id: 'dmar.width-too-small',
		severity: 'error',
		pattern: /iommu width \((?<width>\d+)\) is not sufficient for the mapped address \((?<address>[0-9a-f]+)\)/,
		meaning: 'A mapping at 0x{address} was refused: the IOMMU has only {width} bits of address.',
		cause: 'QEMU wanted to map memory or a BAR of the guest beyond the reach of the IOMMU. Desktop CPUs often have 39 bits.',
		remedies: [{advice: 'Keep the address space of the guest within it: <maxphysaddr mode="emulate" bits="{width}"/> below <cpu>.', command: 'virsh edit {guest|GUEST}'}],
		source: 'drivers/iommu/intel/iommu.c prepare_domain_attach_device, intel_iommu_map',
		examples: ['[  420.112013] DMAR: intel_iommu_map: iommu width (39) is not sufficient for the mapped address (382000000000)'],
	},
	{
		id: 'dmar.no-domain-ids',
		severity: 'error',
		pattern: /No free domain ids/,
		meaning: 'The IOMMU has no number left for another set of mappings.',
		cause: 'Every guest with devices, and every device of the host outside pass-through mode, needs one.',
		remedies: [{advice: 'Start the kernel with iommu=pt so that the host\'s devices share one.', command: 'vfctl persist on'}],
		source: 'drivers/iommu/intel/iommu.c domain_attach_iommu',
		examples: ['[  420.112013] DMAR: dmar3: No free domain ids'],
	},
];
