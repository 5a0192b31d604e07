// A board without IOMMU, and one that does not remap interrupts: nothing may be given away there, and what libvirt,
// QEMU and the kernel say when it is tried without vfctl is explained.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import type {ExplainedView} from '../../lib/render/explain-view.ts';
import {hostdevXml} from './helpers/hostdev-xml.ts';
import {LabVfctl} from './helpers/vfctl.ts';

for (const {platform, code} of [{platform: 'no-iommu', code: 'IOMMU_OFF'}, {platform: 'no-intremap', code: 'NO_INTERRUPT_REMAPPING'}] as const) {
	test.serial(`refused on a board with ${platform}: ${code}`, async t => {
		const lab = await Lab.start({name: `platform-${process.pid}`, platform});
		try {
			const vfctl = await LabVfctl.install(lab);
			await lab.exec('/lab/guest define vm9; for pf in eth1 eth2; do ip link set $pf up; done');
			await vfctl.run(['vf', 'create', 'eth1', '2']);
			for (const args of [['attach', 'vm9', 'eth1'], ['bind', 'eth1#0', 'vfio-pci']]) {
				const {json} = await vfctl.run(args, {code: 3});
				t.is(json.error.code, code, json.error.message);
			}

			t.is((await lab.exec('basename "$(readlink /sys/bus/pci/devices/0000:01:10.0/driver)"')).stdout.trim(), 'igbvf');
			const {json} = await vfctl.run(['iommu']);
			t.is(json.iommu, platform === 'no-iommu' ? 'off' : 'on');
			const doctor = (await vfctl.run(['doctor', 'iommu'], {code: 11})).json;
			t.deepEqual(doctor.findings.filter(({severity}: {severity: string | null}) => severity !== null).map(({severity, id}: {severity: string; id: string}) => `${severity} ${id}`), [`error iommu.${platform === 'no-iommu' ? 'translation' : 'interrupt-remapping'}`], JSON.stringify(doctor));

			// virsh tries all the same.
			await lab.exec(['sh', '-c', 'virsh dumpxml vm9 | sed "s#</devices>#$1</devices>#" > /tmp/vm9.xml && virsh define /tmp/vm9.xml', '-', hostdevXml('0000:01:10.0')]);
			await lab.exec('virsh start vm9 > /tmp/said 2>&1', {ok: [1]});
			await lab.exec('timeout 60 qemu-system-x86_64 -M q35 -accel kvm -nodefaults -display none -S -m 64 -device vfio-pci,host=0000:01:10.0 >> /tmp/said 2>&1', {ok: [1]});
			const said = (await vfctl.run(['explain', '/tmp/said', '--this-host'], {code: 11})).json.explained as ExplainedView[];
			const logged = (await vfctl.run(['explain'], {code: [0, 11]})).json.explained as ExplainedView[];
			if (platform === 'no-iommu') {
				t.like(said.find(({id}) => id === 'libvirt.no-passthrough'), {severity: 'error', partOf: []});
				t.like(said.find(({id}) => id === 'qemu.no-iommu-group'), {severity: 'error', fields: {bdf: '0000:01:10.0', pf: 'eth1', vf: '0'}});
			} else {
				t.like(said.find(({id}) => id === 'qemu.set-iommu-denied'), {severity: 'error', fields: {bdf: '0000:01:10.0', pf: 'eth1', vf: '0'}});
				const why = logged.find(({id}) => id === 'vfio.no-interrupt-remapping');
				t.like(why, {severity: 'error', log: 'kernel'});
				// Told by libvirtd and by QEMU: one thing, since the VF is in the definition of one guest.
				t.like(logged.find(({id}) => id === 'qemu.set-iommu-denied'), {fields: {bdf: '0000:01:10.0', guest: 'vm9'}, partOf: [why!.number]});
			}

			await vfctl.stop();
		} finally {
			await lab.down();
		}
	});
}
