// Instances of tracefs that are ours: vfctl-PID.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {leftTraces} from '../../sysfs/trace-instances.ts';

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
	for (const instance of leftTraces(host.files, root, host.caller.pid)) {
		await removeInstance(host, instance);
	}
}
