// A generated host that programs take for the machine they run on: its sysfs over /sys, an `ip`
// that answers for it, and a libvirtd of its own, all in private namespaces.
import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {HostRecord} from '../lib/record/record.ts';
import {startPrivateLibvirtd, type PrivateLibvirtd} from '../test/helpers/private-libvirtd.ts';
import {materialise, type SysfsTree} from '../test/helpers/sysfs-tree.ts';

/** A host of which programs can be run. */
export class PlayedHost {
	readonly #tree: SysfsTree;
	readonly #daemon: PrivateLibvirtd;
	readonly #ipDirectory: string;

	private constructor(tree: SysfsTree, daemon: PrivateLibvirtd, ipDirectory: string) {
		this.#tree = tree;
		this.#daemon = daemon;
		this.#ipDirectory = ipDirectory;
	}

	/** Makes the files and starts libvirtd on them. */
	static async start(record: HostRecord): Promise<PlayedHost> {
		const tree = materialise(record.entries);
		const ipDirectory = mkdtempSync(path.join(tmpdir(), 'vfctl-ip-'));
		let daemon: PrivateLibvirtd | undefined;
		try {
			const ip = writeIp(ipDirectory, record);
			daemon = await startPrivateLibvirtd({sysfs: tree.sysfs, binds: [[ip, realpathSync('/usr/sbin/ip')]], timeoutMs: 120_000});
			waitForDevices(daemon, record);
			defineGuests(daemon, record, ipDirectory);
			return new PlayedHost(tree, daemon, ipDirectory);
		} catch (error) {
			await daemon?.stop();
			tree.remove();
			rmSync(ipDirectory, {recursive: true});
			throw error;
		}
	}

	/** libvirt of this host. */
	get uri(): string {
		return this.#daemon.uri;
	}

	/** Runs a bash script there; throws with what it said when it fails. */
	runScript(script: string): void {
		const {status, stderr} = spawnSync('nsenter', ['--target', String(this.#daemon.pid), '--mount', '--net', '--pid', 'bash', script], {encoding: 'utf8'});
		if (status !== 0) {
			throw new Error(stderr || `bash ended with ${status}`);
		}
	}

	/** Ends libvirtd and removes the files. */
	async stop(): Promise<void> {
		await this.#daemon.stop();
		this.#tree.remove();
		rmSync(this.#ipDirectory, {recursive: true});
	}
}

/** libvirtd looks at the devices after it answers. */
function waitForDevices(daemon: PrivateLibvirtd, {entries}: HostRecord): void {
	const expected = [...entries.keys()].filter(name => /^\/sys\/bus\/pci\/devices\/[^/]+$/.test(name)).length;
	const deadline = Date.now() + 120_000;
	for (;;) {
		const seen = daemon.virsh('nodedev-list', '--cap', 'pci').trim().split('\n').length;
		if (seen >= expected) {
			return;
		}

		if (Date.now() > deadline) {
			throw new Error(`libvirtd sees ${seen} of ${expected} PCI functions`);
		}
	}
}

function defineGuests(daemon: PrivateLibvirtd, {libvirt}: HostRecord, directory: string): void {
	for (const {name, inactiveXml} of libvirt?.domains ?? []) {
		if (inactiveXml !== undefined) {
			const file = path.join(directory, `${name}.xml`);
			// There is no KVM in there, and QEMU may be older than the record's.
			writeFileSync(file, inactiveXml.replace('<domain type=\'kvm\'', '<domain type=\'qemu\'').replace(/machine='pc-q35-[^']*'/, 'machine=\'q35\''));
			daemon.virsh('define', file);
		}
	}
}

/** A stand-in for iproute2: interfaces of a generated host cannot be made. It prints what the
 * record has, so what a real `ip` asks the kernel is missing, for all programs alike. */
function writeIp(directory: string, {commands}: HostRecord): string {
	const cases = commands.map(({argv, stdout}, index) => {
		writeFileSync(path.join(directory, String(index)), stdout);
		return `'${argv.slice(1).join(' ')}') exec cat '${directory}/${index}';;`;
	});
	const file = path.join(directory, 'ip');
	writeFileSync(file, ['#!/bin/sh', 'case "$*" in', ...cases, 'esac', ''].join('\n'), {mode: 0o755});
	return file;
}

/** Debian packages that the comparison needs and that are missing. */
export function missingPackages(): string[] {
	return ([['/usr/bin/lspci', 'pciutils'], ['/usr/bin/dpdk-devbind.py', 'dpdk'], ['/usr/sbin/driverctl', 'driverctl'], ['/usr/sbin/ip', 'iproute2'], ['/usr/bin/nsenter', 'util-linux'], ['/bin/bash', 'bash']] as const)
		.filter(([file]) => !existsSync(file))
		.map(([, name]) => name);
}
