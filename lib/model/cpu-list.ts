// CPU lists and masks, in the forms of the kernel (lib/bitmap.c, lib/vsprintf.c).

// CONFIG_NR_CPUS of no architecture is larger.
const limit = 8192;

/** CPUs of a list such as `0-3,8`, sorted; undefined when it is none. Empty text is no CPU. */
export function parseCpuList(text: string): number[] | undefined {
	if (text.trim() === '') {
		return [];
	}

	const cpus = new Set<number>();
	for (const part of text.trim().split(',')) {
		const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
		if (range === null) {
			return undefined;
		}

		const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
		if (last < first || last >= limit) {
			return undefined;
		}

		for (let cpu = first; cpu <= last; cpu++) {
			cpus.add(cpu);
		}
	}

	return [...cpus].toSorted((a, b) => a - b);
}

/** The list as the kernel writes it. */
export function cpuListText(cpus: readonly number[]): string {
	const parts: string[] = [];
	const sorted = [...new Set(cpus)].toSorted((a, b) => a - b);
	for (let index = 0; index < sorted.length;) {
		let end = index;
		while (sorted[end + 1] === sorted[end]! + 1) {
			end++;
		}

		parts.push(end === index ? `${sorted[index]}` : `${sorted[index]}-${sorted[end]}`);
		index = end + 1;
	}

	return parts.join(',');
}

/** A list as the mask that rps_cpus takes: hexadecimal words of 32 bits, highest first. */
export function cpuMask(list: string): string {
	const words: number[] = [0];
	for (const cpu of parseCpuList(list) ?? []) {
		const word = Math.floor(cpu / 32);
		while (words.length <= word) {
			words.push(0);
		}

		words[word] = (words[word]! | (1 << (cpu % 32))) >>> 0;
	}

	return words.toReversed().map((word, index) => index === 0 ? word.toString(16) : word.toString(16).padStart(8, '0')).join(',');
}

/** A mask of the kernel as CPUs, sorted; undefined when it is none. */
export function parseCpuMask(text: string): number[] | undefined {
	const words = text.trim().split(',');
	if (!words.every(word => /^[\da-f]{1,8}$/i.test(word))) {
		return undefined;
	}

	return words.toReversed().flatMap((word, index) => {
		const bits = Number.parseInt(word, 16);
		return Array.from({length: 32}, (_, bit) => bit).filter(bit => (bits >>> bit) % 2 === 1).map(bit => (index * 32) + bit);
	});
}
