// The ethtool command of a steering rule (man ethtool, --config-nfc).
import type {SetSteerAction} from './tuning-actions.ts';

/** The commands of a change: a rule at a location that has one is taken away first. */
export function steerCommand({netdev, location, from, to}: SetSteerAction): string[][] {
	return [
		...from === null ? [] : [['ethtool', '--config-nfc', netdev, 'delete', String(location)]],
		...to === null ? [] : [['ethtool', '--config-nfc', netdev, 'flow-type', to.flow, 'loc', String(location)]],
	];
}
