// Names of the architecture: Node's, and Debian's for it (dpkg-architecture -L).
const debian: Readonly<Record<string, string>> = {x64: 'amd64', arm64: 'arm64', arm: 'armhf', ia32: 'i386', riscv64: 'riscv64', ppc64: 'ppc64el', loong64: 'loong64'};

/** Debian's name; throws for an architecture that koffi has no library for. */
export function debianArchitecture(node: string): string {
	const name = debian[node];
	if (name === undefined) {
		throw new Error(`no package for ${node}: koffi has no library for it`);
	}

	return name;
}

/** The package of node_modules with koffi's library. */
export function koffiPackage(node: string): string {
	return `@koromix/koffi-linux-${node}`;
}
