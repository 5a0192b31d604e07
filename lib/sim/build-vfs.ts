// VFs of synthetic hosts: made by the simulated kernel, then set as the facts say.
import type {Bdf} from '../model/bdf.ts';
import type {RecordedDomain} from '../record/record.ts';
import {attachDriver, unbind} from './binding.ts';
import type {PfFacts} from './build-facts.ts';
import {devicesOf} from './guest-xml.ts';
import {devicesPath, functionPath, netdevsOf, physfnOf, vfsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {loadModule} from './modules.ts';
import {storeNumVfs} from './sriov.ts';
import {setVf} from './vf-settings.ts';

/** Enables the VFs of a PF. */
export function makeVfs(machine: Machine, pf: Bdf, facts: PfFacts): void {
	const path = functionPath(machine, pf) as string;
	if ((facts.vfs ?? 0) === 0) {
		return;
	}

	storeNumVfs(machine, pf, String(facts.vfs), `${path}/sriov_numvfs`);
	const vfs = vfsOf(machine, pf);
	for (const [index, change] of Object.entries(facts.vfSettings ?? {})) {
		setVf(machine, pf, facts.name, Number(index), change);
		reprobe(machine, vfs[Number(index)] as Bdf, undefined);
	}

	for (const [index, driver] of Object.entries(facts.vfDrivers ?? {})) {
		reprobe(machine, vfs[Number(index)] as Bdf, driver);
	}

	for (const index of facts.inNamespace ?? []) {
		const vf = vfs[index] as Bdf;
		for (const name of netdevsOf(machine, vf)) {
			machine.tree.remove(`/sys/class/net/${name}`);
			machine.tree.remove(`${devicesPath}/${vf}/net/${name}`);
		}
	}
}

/** Puts the VFs of running guests where libvirt has put them: on vfio-pci, with MAC and VLAN. */
export function bindGuestDevices(machine: Machine, domains: readonly RecordedDomain[]): void {
	for (const {liveXml} of domains) {
		for (const {device} of devicesOf(liveXml ?? '')) {
			const vf = device.source;
			const pf = vf === undefined ? undefined : physfnOf(machine, vf);
			if (vf === undefined || pf === undefined) {
				continue;
			}

			reprobe(machine, vf, 'vfio-pci');
			if (device.kind === 'interface') {
				setVf(machine, pf, netdevsOf(machine, pf)[0] ?? '', vfsOf(machine, pf).indexOf(vf), {...(device.mac === undefined ? {} : {mac: device.mac}), vlan: device.vlan ?? 0});
			}
		}
	}
}

// Another driver by override, none at all (null), or the same one again (undefined).
function reprobe(machine: Machine, vf: Bdf, driver: string | null | undefined): void {
	unbind(machine, vf);
	if (driver === null) {
		return;
	}

	if (driver !== undefined) {
		machine.tree.putValue(`${functionPath(machine, vf)}/driver_override`, driver);
		loadModule(machine, driver);
	}

	attachDriver(machine, vf);
}
