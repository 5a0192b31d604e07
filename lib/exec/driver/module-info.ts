// What a module file says of itself.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';

/** A field of a module file; null when it has none, or when nobody can tell. */
export async function moduleField({runner}: Host, path: string, field: 'srcversion' | 'signer' | 'depends'): Promise<string | null> {
	try {
		const {code, stdout} = await runner.run(['modinfo', '-F', field, path]);
		return code === 0 ? stdout.trim() || null : null;
	} catch (error) {
		if (error instanceof AppError && error.code === 'TOOL_MISSING') {
			return null;
		}

		throw error;
	}
}
