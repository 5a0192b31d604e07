// What a bundle holds and what it does not, for the admin who is to send it.
import type {BundleContents} from '../record/bundle.ts';

/** Lines behind `wrote FILE`. */
export function bundleText(file: string, bytes: number, {logs, operations, reports, missing, masked}: BundleContents): string {
	const secrets = Object.entries(masked.secrets).map(([name, count]) => `${count} ${name}`);
	return [
		`wrote ${file} (${sizeText(bytes)})`,
		'It holds:',
		'  the host as `vfctl capture` writes it: PCI devices, interfaces, addresses, routes, modules, boot settings, definitions of guests and networks',
		...logs.map(({log, bytes: size, shortened}) => `  ${shortened ? 'the end of ' : ''}${log} (${sizeText(size)})`),
		...operations > 0 ? [`  the last ${operations} operations of vfctl`] : [],
		...reports.length > 0 ? [`  ${reports.join(', ')}`] : [],
		...missing.map(({what, why}) => `It has no ${what}: ${why}`),
		`Masked: ${[...secrets, ...masked.macs ? ['MAC addresses, the same one by the same'] : [], ...masked.hostname ? ['the name of the host'] : []].join(', ') || 'nothing was found that had to be'}`,
		`Not masked: ${[...masked.macs ? [] : ['MAC addresses (--mask-macs)'], ...masked.hostname ? [] : ['the name of the host (--mask-hostname)'], 'IP addresses', 'names of guests'].join(', ')}`,
		'It is text: read it before you send it.',
		`It plays: vfctl --host ${file} list`,
	].join('\n');
}

function sizeText(bytes: number): string {
	return bytes < 1024 ? `${bytes} bytes` : bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
