// Which distribution a host runs, as far as what an admin types depends on it.

export type Family = 'debian' | 'ubuntu' | 'proxmox' | 'rhel' | 'suse' | 'arch' | 'other';

export interface Distribution {
	readonly family: Family;
	/** PRETTY_NAME of os-release(5), or null. */
	readonly name: string | null;
}

/** From /etc/os-release. Proxmox VE says that it is Debian: its kernel tells. */
export function distributionOf(osRelease: string | undefined, kernelRelease: string): Distribution {
	const value = (name: string) => new RegExp(`^${name}=(['"]?)(.*)\\1$`, 'm').exec(osRelease ?? '')?.[2] ?? '';
	const ids = [value('ID'), ...value('ID_LIKE').split(/\s+/)];
	const has = (...names: string[]) => names.some(name => ids.includes(name));
	const family = kernelRelease.endsWith('-pve') ? 'proxmox'
		: has('ubuntu') ? 'ubuntu'
			: has('debian') ? 'debian'
				: has('rhel', 'fedora', 'centos') ? 'rhel'
					: ids.some(id => /^(?:open)?suse|^sles?$/.test(id)) ? 'suse'
						: has('arch') ? 'arch' : 'other';
	return {family, name: value('PRETTY_NAME') || null};
}

const installers: Readonly<Record<Family, string | null>> = {
	debian: 'apt install', ubuntu: 'apt install', proxmox: 'apt install', rhel: 'dnf install', suse: 'zypper install', arch: 'pacman -S', other: null,
};

/** The command that installs a package, by what the family calls it; none where it is not known. */
export function installCommand({family}: Distribution, names: Readonly<Partial<Record<Family, string>>>): string[] {
	const name = names[family] ?? (family === 'ubuntu' || family === 'proxmox' ? names.debian : undefined);
	const installer = installers[family];
	return name === undefined || installer === null ? [] : [`${installer} ${name}`];
}
