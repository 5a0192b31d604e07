// vfctl iommu: groups, whether they can be given away, and what keeps their devices apart.
import type {AcsFact} from '../../model/acs.ts';
import type {Bdf} from '../../model/bdf.ts';
import {iommuText} from '../../render/iommu-text.ts';
import {iommuView, networkGroups} from '../../render/iommu-view.ts';
import {acsReader} from '../../sysfs/read-acs.ts';
import {readGroupType, readIommu} from '../../sysfs/read-iommu.ts';
import {listNotes} from '../../render/list-text.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';

export interface IommuOptions {
	/** Also groups without network functions. */
	all: boolean;
}

/** Shows the groups. */
export async function run(context: CommandContext, {all}: IommuOptions): Promise<void> {
	const {host: {files, name}, out} = context;
	const view = await withInventory(context, inventory => {
		const acsPathOf: (bdf: Bdf) => AcsFact[] = acsReader(files, inventory.functions);
		return iommuView({
			hostName: name,
			inventory,
			facts: readIommu(files, inventory.kernel.commandLine),
			groups: all ? [...inventory.groups.values()] : networkGroups(inventory),
			typeOf: group => readGroupType(files, group),
			acsPathOf,
		});
	});
	for (const note of listNotes({...view, pfs: []})) {
		out.note(note);
	}

	out.result(iommuText(view), view);
}
