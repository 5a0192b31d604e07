// The shell lines of actions on interfaces in network namespaces.
import type {NetdevPlace} from '../model/netns.ts';
import {quote} from '../model/shell-word.ts';
import type {MoveNetdevAction, NetnsNetworkAction} from './netns-actions.ts';
import {guestIpCommands} from './network-equivalent.ts';

/** Shell lines equivalent to the action. */
export function netnsEquivalent(action: MoveNetdevAction | NetnsNetworkAction): string[] {
	const commands = action.kind === 'move-netdev' ? [moveCommand(action)] : netnsNetworkCommands(action);
	return commands.map(words => words.map(word => quote(word)).join(' '));
}

/** The `ip` command that moves or renames. The namespace of vfctl itself is that of process 1:
 * vfctl refuses to run anywhere else. */
export function moveCommand({from, to}: Pick<MoveNetdevAction, 'from' | 'to'>): string[] {
	const same = from.netns?.inode === to.netns?.inode;
	return [...inside(from), 'link', 'set', 'dev', from.name, ...same ? [] : ['netns', to.netns?.name ?? '1'], ...from.name === to.name ? [] : ['name', to.name]];
}

/** The `ip` commands of the settings, in order: the MAC while the interface is down. */
export function netnsNetworkCommands({place, from, to}: Pick<NetnsNetworkAction, 'place' | 'from' | 'to'>): string[][] {
	const mac = to.mac === null || to.mac === from.mac ? [] : [[...inside(place), 'link', 'set', 'dev', place.name, 'address', to.mac]];
	return [...mac, ...guestIpCommands(place.name, from, to).map(words => [...inside(place), ...words.slice(1)])];
}

/** `ip`, in the namespace of the place. */
export function inside({netns}: NetdevPlace): string[] {
	return netns === null ? ['ip'] : ['ip', '-n', netns.name];
}
