// Arguments of the kernel command line that device assignment needs.

interface WantedArgument {
	/** What is added. */
	readonly word: string;
	/** What is as good. */
	readonly same: RegExp;
	readonly why: string;
}

const passThrough: WantedArgument = {
	word: 'iommu=pt',
	// arch/x86/kernel/pci-dma.c and drivers/iommu/iommu.c of Linux 6.12.
	same: /^(?:iommu=(?:.*,)?pt(?:,.*)?|iommu\.passthrough=(?:1|y|yes|on|true))$/,
	why: 'devices of the host itself keep their speed: only what is given away is translated',
};

/** What the processor's maker asks for. AMD's IOMMU is on unless it is switched off; other
 * machines (Arm) need nothing. */
export function wantedArguments(vendor: 'intel' | 'amd' | 'other'): readonly WantedArgument[] {
	if (vendor === 'other') {
		return [];
	}

	return vendor === 'amd' ? [passThrough] : [{
		word: 'intel_iommu=on',
		same: /^intel_iommu=(?:.*,)?on(?:,.*)?$/,
		why: 'many kernels leave Intel\'s IOMMU off unless asked',
	}, passThrough];
}

/** Every word that vfctl may ever add: only these are removed again. */
export const ownArguments: readonly string[] = ['intel_iommu=on', 'iommu=pt'];

/** The words that are missing in a command line. */
export function missingArguments(vendor: 'intel' | 'amd' | 'other', words: readonly string[]): string[] {
	return wantedArguments(vendor).filter(({same}) => !words.some(word => same.test(word))).map(({word}) => word);
}

/** Words that switch the IOMMU off whatever is added behind them. */
export function blockingArguments(vendor: 'intel' | 'amd' | 'other', words: readonly string[]): string[] {
	const blocking = vendor === 'amd' ? /^(?:iommu|amd_iommu)=(?:.*,)?off(?:,.*)?$/ : /^iommu=(?:.*,)?off(?:,.*)?$/;
	return words.filter(word => blocking.test(word));
}
