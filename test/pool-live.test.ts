// What a real libvirtd of our own says of pools: why they are changed the way they are. Needs what
// test/libvirt-live.test.ts needs.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import type {Libvirt} from '../lib/libvirt/libvirt.ts';
import {parsePool} from '../lib/libvirt/network-xml.ts';
import {openLibvirt} from '../lib/libvirt/open.ts';
import {poolXml} from '../lib/libvirt/pool-xml.ts';
import {toBdf} from '../lib/model/bdf.ts';
import {requirePoolName} from '../lib/plan/pool-preflight.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {hostileName} from './helpers/plan-world.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from './helpers/private-libvirtd.ts';
import {materialise, type SysfsTree} from './helpers/sysfs-tree.ts';

const vf = (n: number) => toBdf(`0000:03:10.${n}`);
const address = (n: number) => `<address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x${n}'/>`;
let tree: SysfsTree;
let daemon: PrivateLibvirtd;
let libvirt: Libvirt;

test.before(async () => {
	tree = materialise(hostBuilder('pools').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).record().entries);
	daemon = await startPrivateLibvirtd({sysfs: tree.sysfs});
	libvirt = await openLibvirt(daemon.uri);
});

test.after.always(async () => {
	await libvirt?.close();
	await daemon?.stop();
	tree?.remove();
});

async function find(name: string) {
	const networks = await libvirt.listNetworks();
	return networks.find(network => network.name === name);
}

function updateError(...parameters: string[]): string {
	try {
		daemon.virsh('net-update', ...parameters);
		return 'done';
	} catch (error) {
		return (error as Error).message;
	}
}

test.serial('members of a pool cannot be updated, neither running nor saved: so it is defined anew', async t => {
	await libvirt.defineNetwork(poolXml({name: 'update', managed: true, pf: [vf(0)], savedXml: null}));
	await libvirt.startNetwork('update');
	for (const target of ['--live', '--config']) {
		t.regex(updateError('update', 'add-last', 'forward-interface', address(2), target), /unexpected element <address>, expecting <interface>, while updating network 'update'/);
		t.regex(updateError('update', 'add-last', 'forward', address(2), target), /can't update 'forward' section/);
		t.regex(updateError('update', 'add-last', 'forward-pf', '<pf dev=\'pf0\'/>', target), /can't update 'forward pf' section/);
	}

	t.deepEqual(parsePool((await find('update'))!)?.members, [vf(0)]);
});

test.serial('a definition of somebody else is changed in its members only', async t => {
	const file = join(tree.root, 'foreign.xml');
	writeFileSync(file, `<network ipv6='yes'><name>foreign</name><metadata><forward xmlns='urn:x'><pf dev='no'/></forward></metadata>
		<forward mode='hostdev' managed='no'><driver name='vfio'/>${address(0)}</forward>
		<vlan><tag id='42'/></vlan><portgroup name='a' default='yes'><vlan><tag id='5'/></vlan></portgroup></network>`);
	daemon.virsh('net-define', file);
	const before = (await find('foreign'))!;
	for (const pf of [[vf(4), vf(2)], 'pf0', [vf(0)]] as const) {
		await libvirt.defineNetwork(poolXml({name: 'foreign', managed: true, pf, savedXml: (await find('foreign'))!.xml}));
		const after = (await find('foreign'))!;
		t.is(after.uuid, before.uuid);
		t.like(parsePool(after), {managed: false, pfNetdev: typeof pf === 'string' ? pf : null, members: typeof pf === 'string' ? [] : [...pf]});
		const rest = (xml: string) => xml.replaceAll(/^ {4}<(?:pf|address) .*\n/gm, '');
		t.is(rest(after.xml), rest(before.xml));
	}

	t.is((await find('foreign'))!.xml, before.xml);
});

const names: ReadonlyArray<readonly [what: string, name: string]> = [
	['hostile', hostileName.replaceAll('/', '')],
	['of other letters', 'Bär ☃ \u{1F600}'],
	['of one dot', '.'],
	['with blanks around', ' a '],
	['like a number', '0'],
	['as long as can be', 'n'.repeat(247)],
	['as long as can be in bytes', `n${'ü'.repeat(123)}`],
	['too long', 'n'.repeat(248)],
	['too long in bytes', 'ü'.repeat(124)],
	['with a slash', 'a/b'],
	['with a line end', 'a\nb'],
	['empty', ''],
];
for (const [what, name] of names) {
	test.serial(`vfctl takes a name that is ${what} when libvirt does`, async t => {
		const ours = t.throws(() => {
			requirePoolName(name);
			throw new Error('taken');
		});
		try {
			await libvirt.defineNetwork(poolXml({name, managed: true, pf: [vf(6)], savedXml: null}));
			t.is(ours?.message, 'taken');
			t.is((await find(name))?.name, name);
			await libvirt.undefineNetwork(name);
		} catch (error) {
			t.true(error instanceof AppError && ours instanceof AppError, String(error));
		}
	});
}
