// What containers have through CNI, from the journal.
import type {FileReader} from '../../host/host.ts';
import {parsePlan} from '../../plan/plan-schema.ts';
import type {NetnsAttachment} from '../../plan/netns/netns-request.ts';
import {listOperations, readBootId} from '../journal.ts';
import {findNetnsAttachments} from '../netns-attachments.ts';
import {openVfioAttachments} from '../open-vfio-attachments.ts';
import {doneActions} from '../operation.ts';

/** Attachments of this boot that no DEL ended: VFs with an interface, and those on VFIO, of which
 * only settings were changed. */
export function findCniAttachments(files: FileReader): NetnsAttachment[] {
	return [...findNetnsAttachments(files).filter(({cni}) => cni !== null), ...findVfioAttachments(files)];
}

/** VFs on VFIO that containers have: their namespace got nothing, so no move tells of them. */
export function findVfioAttachments(files: FileReader): NetnsAttachment[] {
	const bootId = readBootId(files);
	return [...openVfioAttachments(listOperations(files, '"netns-').filter(({header}) => header?.bootId === bootId))].flatMap(([bdf, operation]) => {
		const {subject} = parsePlan(operation.header?.plan);
		return subject.netns === undefined || subject.cni === undefined ? [] : [{
			operation: operation.number, bdf, netns: subject.netns, name: null, cni: subject.cni, actions: doneActions(operation),
		}];
	});
}
