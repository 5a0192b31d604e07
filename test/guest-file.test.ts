// The files for a guest's own network configuration, read by the programs that they are for:
// netplan, cloud-init and systemd-networkd run here as they are; NetworkManager's keyfile is
// compared with what netplan writes for NetworkManager.
import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {guestFilePath, renderGuestFile} from '../lib/formats/guest-file.ts';
import {guestFileFormats, type GuestNetwork} from '../lib/model/guest-network.ts';
import type {Mac} from '../lib/model/mac.ts';

const execute = promisify(execFile);

// All digits: a number in base 60 to a parser of YAML 1.1, unless it is quoted.
const mac = '52:54:00:12:34:56' as Mac;
const nothing: GuestNetwork = {addresses: [], routes: [], mtuBytes: null, nameservers: []};
const networks: Readonly<Record<string, GuestNetwork>> = {
	'one address': {...nothing, addresses: ['20.0.0.3/24']},
	'IPv6 alone': {...nothing, addresses: ['fd00::3/64'], routes: [{to: '::/0', via: 'fd00::1', metric: null}]},
	everything: {
		addresses: ['20.0.0.3/24', '20.0.1.3/24', 'fd00::3/64'],
		routes: [
			{to: '0.0.0.0/0', via: '20.0.0.1', metric: null},
			{to: '10.0.0.0/24', via: '20.0.0.1', metric: 50},
			{to: '10.3.0.0/24', via: null, metric: null},
			{to: '10.4.0.0/24', via: null, metric: 7},
			{to: '::/0', via: 'fd00::1', metric: null},
			{to: 'fd05::/64', via: null, metric: null},
			{to: 'fd06::/64', via: 'fd00::9', metric: 8},
		],
		mtuBytes: 1400,
		nameservers: ['1.1.1.1', 'fd00::53'],
	},
};

function directory(t: ExecutionContext): string {
	const path = mkdtempSync(join(tmpdir(), 'vfctl-guest-file-'));
	t.teardown(() => {
		rmSync(path, {recursive: true});
	});
	return path;
}

/** Sections of an INI file; [Address] of networkd is the same as Address= in [Network]. */
function ini(text: string): string[] {
	const sections = text.split(/^\[/m).slice(1).map(part => {
		const [name, ...lines] = part.split('\n').map(line => line.trim()).filter(line => line !== '');
		return {name: name!.replace(']', ''), lines: lines.sort()};
	});
	return sections.flatMap(({name, lines}) => name === 'Address' || name === 'Network' ? lines.map(line => `Network ${line}`) : [`${name} ${lines.join(', ')}`]).sort();
}

for (const [title, network] of Object.entries(networks)) {
	test(`netplan takes its file, and makes of it what ours for networkd says: ${title}`, async t => {
		const root = directory(t);
		const file = renderGuestFile('netplan', {mac, network});
		mkdirSync(join(root, dirname(file.path)), {recursive: true});
		writeFileSync(join(root, file.path), file.text, {mode: file.mode});
		const {stderr} = await execute('netplan', ['generate', '--root-dir', root]);
		t.is(stderr, '');
		const folder = join(root, 'run/systemd/network');
		const [name] = readdirSync(folder).filter(one => one.endsWith('.network'));
		const made = ini(readFileSync(join(folder, name!), 'utf8')).map(line => line.replace('PermanentMACAddress', 'MACAddress'));
		// networkd of today reads the scope of IPv4 routes alone.
		const ours = ini(renderGuestFile('networkd', {mac, network}).text);
		t.deepEqual(made.map(line => /^Route Destination=[^,]*:/.test(line) ? line.replace(', Scope=link', '') : line), ours);
	});

	test(`NetworkManager's keyfile has what netplan writes for NetworkManager: ${title}`, async t => {
		const root = directory(t);
		const file = renderGuestFile('netplan', {mac, network});
		mkdirSync(join(root, dirname(file.path)), {recursive: true});
		writeFileSync(join(root, file.path), file.text.replace('version: 2', 'version: 2\n  renderer: NetworkManager'), {mode: file.mode});
		const {stderr} = await execute('netplan', ['generate', '--root-dir', root]);
		t.is(stderr, '');
		const folder = join(root, 'run/NetworkManager/system-connections');
		const made = keyfile(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8'));
		const ours = keyfile(renderGuestFile('networkmanager', {mac, network}).text);
		for (const family of ['ipv4', 'ipv6']) {
			t.deepEqual(ours[family]?.['addresses'], made[family]?.['addresses'], family);
			t.deepEqual(ours[family]?.['routes'], made[family]?.['routes'], family);
			t.is(ours[family]?.['dns'], made[family]?.['dns'], family);
		}

		t.is(ours['ethernet']?.['mac-address'], (made['ethernet']?.['mac-address'] as string).toUpperCase());
		t.is(ours['ethernet']?.['mtu'] ?? '0', made['ethernet']?.['mtu'] ?? '0');
	});

	test(`cloud-init takes its file and hands the same on: ${title}`, async t => {
		const root = directory(t);
		const file = renderGuestFile('cloud-init', {mac, network});
		writeFileSync(join(root, 'network-config'), file.text);
		for (const renderer of ['netplan', 'networkd']) {
			const {stdout, stderr} = await execute('cloud-init', ['devel', 'net-convert', '-p', join(root, 'network-config'), '-k', 'yaml', '-d', join(root, renderer), '-D', 'debian', '-O', renderer, '-m', `x,${mac}`]);
			t.notRegex(stdout + stderr, /warn|error|traceback/i);
		}

		const [netplan] = readdirSync(join(root, 'netplan/etc/netplan'));
		t.deepEqual(parse(readFileSync(join(root, 'netplan/etc/netplan', netplan!), 'utf8')).network, parse(file.text));
		const [networkd] = readdirSync(join(root, 'networkd/etc/systemd/network'));
		const made = ini(readFileSync(join(root, 'networkd/etc/systemd/network', networkd!), 'utf8'));
		const destinations = (lines: readonly string[]) => lines.filter(line => line.startsWith('Route ')).map(line => /Destination=([^,]+)/.exec(line)?.[1] ?? '::/0').sort();
		t.deepEqual(destinations(made), network.routes.map(({to}) => to).sort());
		t.deepEqual(made.filter(line => line.startsWith('Network Address')), [...network.addresses].sort().map(one => `Network Address=${one}`));
	});

	test(`systemd-networkd sets what its file says: ${title}`, async t => {
		const root = directory(t);
		const file = renderGuestFile('networkd', {mac, network});
		writeFileSync(join(root, file.path.split('/').at(-1)!), file.text);
		// Namespaces of its own: an interface with the MAC, no udev (sysfs that cannot be written), no D-Bus.
		const {stdout, stderr} = await execute('unshare', ['--net', '--mount', 'sh', '-ec', `
			ip link add name vf0 address ${mac} type veth peer name peer
			ip link set peer up
			mount -t sysfs -o ro sysfs /sys
			mount -t tmpfs tmpfs /run
			mount -t tmpfs tmpfs /etc/systemd/network
			mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
			chown -R systemd-network:systemd-network /run/systemd/netif
			cp ${root}/*.network /etc/systemd/network
			SYSTEMD_LOG_LEVEL=warning SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd &
			tries=0
			until [ "$(ip -o addr show dev vf0 scope global | wc -l)" -ge ${network.addresses.length} ] && [ "$(ip route show dev vf0 proto static; ip -6 route show dev vf0 proto static)" != "" -o ${network.routes.length} = 0 ]; do
				tries=$((tries + 1)); [ $tries -lt 100 ]; sleep 0.1
			done
			sleep 0.5
			ip -o addr show dev vf0 scope global | awk '{print "address", $4}'
			{ ip route show dev vf0 proto static; ip -6 route show dev vf0 proto static; } | sed 's/^/route /'
			cat /sys/class/net/vf0/mtu
			kill $!
		`]);
		t.notRegex(stderr, /\.network/, 'no word about the file');
		for (const address of network.addresses) {
			t.regex(stdout, new RegExp(`^address ${address}$`, 'm'));
		}

		t.is(stdout.match(/^route /gm)?.length ?? 0, network.routes.length, stdout);
		for (const {to, via, metric} of network.routes) {
			const words = [/\/0$/.test(to) ? 'default' : to, ...via === null ? [] : [`via ${via}`]].join(' ');
			t.regex(stdout, new RegExp(`^route ${words} .*${metric === null ? '' : `metric ${metric}\\b`}`, 'm'));
		}

		t.regex(stdout, new RegExp(`^${network.mtuBytes ?? 1500}$`, 'm'));
	});
}

/** A keyfile by section; addresses and routes without their numbers and in one form. */
function keyfile(text: string): Record<string, Record<string, string | string[]>> {
	return Object.fromEntries(text.split(/^\[/m).slice(1).map(part => {
		const [name, ...lines] = part.split('\n').map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#'));
		const pairs = lines.map(line => line.split(/=(.*)/s) as [string, string]);
		// No gateway before a metric is an empty word to netplan; NetworkManager itself writes 0.0.0.0.
		const route = (value: string) => value.replace(/,(?:::|0\.0\.0\.0),/, ',,');
		return [name!.replace(']', ''), {
			...Object.fromEntries(pairs),
			addresses: pairs.filter(([key]) => /^address\d+$/.test(key)).map(([, value]) => value),
			routes: pairs.filter(([key]) => /^route\d+$/.test(key)).map(([, value]) => route(value)),
		}];
	}));
}

test('files for a failover pair mean the interface above it alone', t => {
	const render = (format: typeof guestFileFormats[number]) => renderGuestFile(format, {mac, network: networks['one address']!, failover: true}).text;
	t.regex(render('networkd'), /^Driver=net_failover$/m);
	t.regex(render('networkmanager'), /^\[match\]\ndriver=net_failover;$/m);
	t.is(parse(render('netplan')).network.ethernets['vfctl-52-54-00-12-34-56'].match.driver, 'net_failover');
	t.is(parse(render('cloud-init')).ethernets['vf525400123456'].match.driver, 'net_failover');
});

test('paths and modes: one file for each MAC, secret where the program wants it', t => {
	const files = guestFileFormats.map(format => renderGuestFile(format, {mac, network: networks['one address']!}));
	t.deepEqual(files.map(({path, mode}) => `${path} ${mode.toString(8)}`), [
		'/etc/netplan/70-vfctl-52-54-00-12-34-56.yaml 600',
		'/etc/systemd/network/05-vfctl-52-54-00-12-34-56.network 644',
		'/etc/NetworkManager/system-connections/vfctl-52-54-00-12-34-56.nmconnection 600',
		'/var/lib/cloud/seed/nocloud/network-config 600',
	]);
	t.deepEqual(guestFileFormats.map(format => guestFilePath(format, mac)), files.map(({path}) => path));
});
