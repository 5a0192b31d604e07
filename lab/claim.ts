import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import {isAlive, labProcesses} from './process.ts';

// Takes a lab's name for this process by making its state directory; what a dead lab left there is removed.
export function claim(name: string, directory: string): void {
	mkdirSync(path.dirname(directory), {recursive: true, mode: 0o755});
	for (let attempt = 0; attempt < 2; attempt++) {
		try {
			mkdirSync(directory, {mode: 0o700});
			writeFileSync(ownerFile(directory), String(process.pid));
			return;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
				throw error;
			}

			if (isInUse(directory)) {
				break;
			}

			rmSync(directory, {recursive: true, force: true});
		}
	}

	throw new LabError(`the lab '${name}' already runs`, {
		fix: `npm run lab -- restore --name ${name}\nor: npm run lab -- down --name ${name}\nor choose another --name`,
	});
}

function isInUse(directory: string): boolean {
	if (labProcesses(directory) !== undefined) {
		return true;
	}

	try {
		const owner = Number(readFileSync(ownerFile(directory), 'utf8'));
		return owner > 0 && owner !== process.pid && isAlive(owner);
	} catch {
		return true; // Somebody is between making the directory and writing the file.
	}
}

function ownerFile(directory: string): string {
	return path.join(directory, 'owner');
}
