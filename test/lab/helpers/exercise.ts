import type {Lab} from '../../../lab/lab.ts';

// The two guests of the exercise: the VF each gets, its MAC and its address.
export const PAIR = [
	{guest: 'vm0', vf: '0000:01:10.0', mac: '52:54:00:aa:00:01', address: '10.9.0.1'},
	{guest: 'vm1', vf: '0000:02:10.0', mac: '52:54:00:aa:00:02', address: '10.9.0.2'},
] as const;

type Member = (typeof PAIR)[number];

// Gives both guests a VF of another PF each, lets one ping the other, and takes the VFs away again.
export async function exerciseGuests(lab: Lab, step: (title: string, work: () => Promise<unknown>) => Promise<void>): Promise<void> {
	const running = (await lab.exec('virsh --quiet list --name')).stdout.split('\n');
	for (const {guest} of PAIR.filter(({guest}) => !running.includes(guest))) {
		await step(`start ${guest}`, async () => lab.exec(`/lab/guest define ${guest} && /lab/guest start ${guest}`));
	}

	await step('2 VFs a PF', async () => lab.exec('/lab/vfs 2'));
	for (const member of PAIR) {
		await step(`attach to ${member.guest}`, async () => attach(lab, member));
		await step(`address in ${member.guest}`, async () => lab.exec(`/lab/guest address ${member.guest} ${member.mac} ${member.address}/24`));
	}

	await step('ping', async () => lab.exec(`/lab/guest ping ${PAIR[0].guest} ${PAIR[1].address}`));
	for (const member of PAIR) {
		await step(`detach from ${member.guest}`, async () => detach(lab, member));
	}
}

async function attach(lab: Lab, member: Member): Promise<void> {
	await lab.exec(`cat >/tmp/${member.guest}.xml`, {input: interfaceXml(member)});
	await lab.exec(`virsh --quiet attach-device ${member.guest} /tmp/${member.guest}.xml --live`);
}

// Detaching is a request to the guest: it is done when the VF's own driver has it back.
async function detach(lab: Lab, {guest, vf}: Member): Promise<void> {
	await lab.exec(`virsh --quiet detach-device ${guest} /tmp/${guest}.xml --live`);
	await lab.waitFor(`[ "$(basename "$(readlink /sys/bus/pci/devices/${vf}/driver)")" = igbvf ]`);
}

function interfaceXml({vf, mac}: Member): string {
	const [domain, bus, slot, pciFunction] = vf.split(/[:.]/);
	return `<interface type='hostdev' managed='yes'><mac address='${mac}'/><source><address type='pci' domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${pciFunction}'/></source></interface>`;
}
