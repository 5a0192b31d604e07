// Instances of tracefs that are ours: vfctl-PID. One of a process that is gone was left behind by a kill.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';

const ours = /^vfctl-(\d{1,10})$/;

/** Makes the instance of this process; gives back its directory. */
export async function makeInstance(host: Host, root: string): Promise<string> {
	const instance = `${root}/instances/vfctl-${host.caller.pid}`;
	const {code, stderr} = await host.runner.run(['mkdir', instance]);
	if (code !== 0) {
		throw new AppError('UNSUPPORTED', 'the kernel gives no further trace', {why: stderr.trim(), fix: `look what is in ${root}/instances`});
	}

	return instance;
}

/** Stops and removes an instance. Throws STEP_FAILED when it stays. */
export async function removeInstance({files, runner}: Host, instance: string): Promise<void> {
	await files.writeAttribute(`${instance}/tracing_on`, '0').catch(() => {});
	const {stderr} = await runner.run(['rmdir', instance]);
	if (files.exists(instance)) {
		throw new AppError('STEP_FAILED', 'the trace could not be removed', {why: stderr.trim(), fix: `rmdir ${instance}`});
	}
}

/** Removes those of processes that are gone. */
export async function removeLeftovers(host: Host, root: string): Promise<void> {
	for (const name of host.files.list(`${root}/instances`)) {
		const pid = ours.exec(name)?.[1];
		if (pid !== undefined && (Number(pid) === host.caller.pid || !host.files.exists(`/proc/${pid}`))) {
			await removeInstance(host, `${root}/instances/${name}`);
		}
	}
}
