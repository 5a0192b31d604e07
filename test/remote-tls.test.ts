// --connect qemu+tls://: a real libvirtd that listens with TLS on the loopback of its own namespaces, and certificates that
// are right and wrong.
import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {certify, makeAuthority} from './helpers/certificates.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from './helpers/private-libvirtd.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'vfctl-tls-'));
const [ours, theirs, mixed] = ['ours', 'theirs', 'mixed'].map(name => join(directory, name)) as [string, string, string];
let libvirtd: PrivateLibvirtd;

test.before(async () => {
	for (const authority of [ours, theirs]) {
		makeAuthority(authority, `${authority === ours ? 'our' : 'another'} authority`);
		certify(authority, 'client', ['admin.example']);
	}

	certify(ours, 'server', ['kvm2.example']);
	// Knows who the other machine is, and is known to nobody there.
	cpSync(theirs, mixed, {recursive: true});
	writeFileSync(join(mixed, 'cacert.pem'), [ours, theirs].map(one => readFileSync(join(one, 'cacert.pem'), 'utf8')).join(''));
	const hosts = join(directory, 'hosts');
	writeFileSync(hosts, '127.0.0.1 localhost kvm2.example kvm3.example\n');
	libvirtd = await startPrivateLibvirtd({
		binds: [[hosts, '/etc/hosts']],
		listen: ['listen_tls = 1', 'listen_tcp = 0', 'listen_addr = "127.0.0.1"', ...['ca_file = "cacert', 'cert_file = "servercert', 'key_file = "serverkey'].map(line => `${line.replace('"', `"${ours}/`)}.pem"`)],
	});
	const guest = join(directory, 'web.xml');
	writeFileSync(guest, '<domain type=\'qemu\'><name>web</name><memory>65536</memory><os><type machine=\'q35\'>hvm</type></os></domain>');
	libvirtd.virsh('define', guest);
});

test.after.always(async () => {
	await libvirtd?.stop();
	rmSync(directory, {recursive: true});
});

/** vfctl in the network of that libvirtd, with what is in a directory as libvirt's certificates. */
function vfctl(words: readonly string[], {pki, machine = 'kvm2.example'}: {pki: string; machine?: string}) {
	const program = [process.execPath, join(root, 'dist/bin/vfctl.js'), ...words, '--connect', `qemu+tls://${machine}/system?pkipath=${pki}`, '--json'];
	// Its exit status is looked at by what it says.
	return JSON.parse(libvirtd.run('sh', '-c', '"$@" || true', 'sh', ...program));
}

test('guests by TLS, each side sure of the other', t => {
	const {host, guests} = vfctl(['guests'], {pki: ours});
	t.is(host, 'kvm2.example');
	t.deepEqual(guests.map(({name, state}: {name: string; state: string}) => [name, state]), [['web', 'shutoff']]);
	t.is(vfctl(['guests', 'nobody'], {pki: ours}).error.code, 'GUEST_NOT_FOUND');
	t.deepEqual(vfctl(['pool', 'list'], {pki: ours}).pools, []);
	t.is(vfctl(['attach', 'web', 'eth0#0', '--yes'], {pki: ours}).error.code, 'REMOTE_HOST');
});

for (const [what, where, why] of [
	['this side does not know the authority of the other machine', {pki: theirs}, /^authentication failed: Failed to verify peer's certificate$/],
	['the other machine does not know the authority of this side', {pki: mixed}, /TLS confirmation/],
	['the certificate is for another name', {pki: ours, machine: 'kvm3.example'}, /^authentication failed: Failed to verify peer's certificate$/],
	['there are no certificates', {pki: join(directory, 'nothing')}, /cacert\.pem/],
] as const) {
	test(`refused with what is wrong: ${what}`, t => {
		const {error, ...rest} = vfctl(['guests'], where);
		t.deepEqual(rest, {});
		t.is(error.code, 'LIBVIRT_UNREACHABLE');
		t.regex(error.message, /do not trust each other$/);
		t.regex(error.why, why);
		t.regex(error.fix, /^look at the certificates of both sides.* virsh --connect 'qemu\+tls:/);
	});
}
