// A board without IOMMU, and one that does not remap interrupts: nothing may be given away there.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
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
			await vfctl.stop();
		} finally {
			await lab.down();
		}
	});
}
