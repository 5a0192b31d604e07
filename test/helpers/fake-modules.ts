// Kernel modules that say for which devices they are and nothing else, indexed by the real depmod:
// what lspci -k, libkmod and vfctl look modules up in.
import {spawnSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** A module and the aliases in it; `builtIn` ones are part of the kernel. */
export interface FakeModule {
	name: string;
	aliases: readonly string[];
	builtIn?: boolean;
}

/** Writes /lib/modules/RELEASE below `root`, in the order of the modules. */
export function writeModules(root: string, release: string, modules: readonly FakeModule[]): void {
	const directory = join(root, 'lib/modules', release);
	mkdirSync(join(directory, 'kernel'), {recursive: true});
	const loadable = modules.filter(({builtIn}) => !builtIn);
	for (const {name, aliases} of loadable) {
		writeFileSync(join(directory, 'kernel', `${name}.ko`), objectFile([...aliases.map(alias => `alias=${alias}`), 'license=GPL', `name=${name}`]));
	}

	const builtIn = modules.filter(module => module.builtIn);
	writeFileSync(join(directory, 'modules.order'), loadable.map(({name}) => `kernel/${name}.ko\n`).join(''));
	writeFileSync(join(directory, 'modules.builtin'), builtIn.map(({name}) => `kernel/drivers/${name}.ko\n`).join(''));
	writeFileSync(join(directory, 'modules.builtin.modinfo'), builtIn.flatMap(({name, aliases}) => aliases.map(alias => `${name.replaceAll('-', '_')}.alias=${alias}\0`)).join(''));
	const {status, stderr, error} = spawnSync('depmod', ['--basedir', root, release], {encoding: 'utf8'});
	if (status !== 0) {
		throw new Error(`depmod (package kmod) failed: ${error?.message ?? stderr}`);
	}
}

/** A relocatable ELF64 file with a .modinfo section (man 5 elf). */
export function objectFile(modinfo: readonly string[]): Buffer {
	const info = Buffer.from(modinfo.map(entry => `${entry}\0`).join(''));
	const names = Buffer.from('\0.modinfo\0.shstrtab\0');
	const sections = [
		{name: 0, type: 0, offset: 0, size: 0},
		{name: 1, type: 1, offset: 64, size: info.length},
		{name: 10, type: 3, offset: 64 + info.length, size: names.length},
	];
	const tableAt = 64 + info.length + names.length;
	const header = Buffer.alloc(64);
	header.write('\u007FELF\u0002\u0001\u0001', 'latin1');
	header.writeUInt16LE(1, 16);
	header.writeUInt16LE(62, 18);
	header.writeUInt32LE(1, 20);
	header.writeBigUInt64LE(BigInt(tableAt), 40);
	header.writeUInt16LE(64, 52);
	header.writeUInt16LE(64, 58);
	header.writeUInt16LE(sections.length, 60);
	header.writeUInt16LE(2, 62);
	const table = sections.map(({name, type, offset, size}) => {
		const entry = Buffer.alloc(64);
		entry.writeUInt32LE(name, 0);
		entry.writeUInt32LE(type, 4);
		entry.writeBigUInt64LE(BigInt(offset), 24);
		entry.writeBigUInt64LE(BigInt(size), 32);
		entry.writeBigUInt64LE(1n, 48);
		return entry;
	});
	return Buffer.concat([header, info, names, ...table]);
}
