// Host files from and to other programs' files.
import {AppError} from '../errors.ts';
import type {HostFile} from '../model/host-file.ts';
import {formatHostFile} from './host-file.ts';
import {importNmstate} from './nmstate.ts';
import {exportNmstate} from './nmstate-export.ts';
import type {Imported, PeerFile} from './peer-format.ts';
import {importSriovPolicies} from './sriov-policy.ts';
import {exportSriovPolicies} from './sriov-policy-export.ts';
import {loadYaml, type YamlNode} from './yaml.ts';

export const importFormats = ['nmstate', 'sriov-policy'] as const;

export type ImportFormat = (typeof importFormats)[number];

export const exportFormats = ['host-file', ...importFormats] as const;

export type ExportFormat = (typeof exportFormats)[number];

/** A host file from the text of another program; throws BAD_HOST_FILE. */
export function importFile(text: string, format: ImportFormat = detectFormat(text)): Imported & {format: ImportFormat} {
	return {format, ...(format === 'nmstate' ? importNmstate(text) : importSriovPolicies(text))};
}

/** The host file in the format; `comments` only where there is room for them. */
export function exportFile(file: HostFile, format: ExportFormat, {hostName, comments}: {hostName: string; comments: readonly string[]}): PeerFile {
	return format === 'host-file' ? {text: formatHostFile(file, comments), notes: []} : format === 'nmstate' ? exportNmstate(file) : exportSriovPolicies(file, hostName);
}

/** Whose file it is, by its first keys; throws BAD_HOST_FILE when they are of none. */
function detectFormat(text: string): ImportFormat {
	const [root] = loadYaml(text, {what: 'file', many: true}) as [YamlNode];
	const keys = root.kind === 'map' ? root.entries : new Map<string, never>();
	const kind = keys.get('kind')?.node;
	if (kind) {
		return kind.kind === 'scalar' && kind.text === 'NodeNetworkConfigurationPolicy' ? 'nmstate' : 'sriov-policy';
	}

	if (keys.has('interfaces') || (keys.has('routes') && !keys.has('version')) || keys.has('desiredState')) {
		return 'nmstate';
	}

	throw new AppError('BAD_HOST_FILE', keys.has('version') ? 'this is a host file already' : 'this is no file of nmstate or the SR-IOV operator', {
		why: keys.has('version') ? 'it has a version' : 'nmstate has interfaces or routes at its top, the operator has kind',
		fix: keys.has('version') ? 'vfctl plan FILE' : 'name its format: --from nmstate or --from sriov-policy',
	});
}
