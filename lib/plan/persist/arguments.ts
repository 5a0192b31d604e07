// Arguments of the kernel command line that device assignment needs.
import type {BootFacts} from '../../model/boot.ts';

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

/** What the maker's IOMMU asks for. AMD's is on unless it is switched off; other
 * machines (Arm) need nothing. */
export function wantedArguments(maker: BootFacts['iommuMaker']): readonly WantedArgument[] {
	if (maker === 'other') {
		return [];
	}

	return maker === 'amd' ? [passThrough] : [{
		word: 'intel_iommu=on',
		same: /^intel_iommu=(?:.*,)?on(?:,.*)?$/,
		why: 'many kernels leave Intel\'s IOMMU off unless asked',
	}, passThrough];
}

/** Every word that vfctl may ever add: only these are removed again. */
export const ownArguments: readonly string[] = ['intel_iommu=on', 'iommu=pt'];

/** The words that are missing in a command line. */
export function missingArguments(maker: BootFacts['iommuMaker'], words: readonly string[]): string[] {
	return wantedArguments(maker).filter(({same}) => !words.some(word => same.test(word))).map(({word}) => word);
}

/** Words that switch the IOMMU off whatever is added behind them. */
export function blockingArguments(maker: BootFacts['iommuMaker'], words: readonly string[]): string[] {
	const blocking = maker === 'amd' ? /^(?:iommu|amd_iommu)=(?:.*,)?off(?:,.*)?$/ : /^iommu=(?:.*,)?off(?:,.*)?$/;
	return words.filter(word => blocking.test(word));
}
