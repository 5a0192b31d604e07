// Compiles our module and the patched drivers against the headers of a kernel.
import {forwardModule, type BuiltModule, type PfDriver} from '../../model/driver-build.ts';
import {buildTrouble, otherCompiler} from '../../model/build-trouble.ts';
import {kernelVersionText} from '../../model/kernel-version.ts';
import {mustRun, runBuildTool, troubleError, type BuildRun} from './build-tools.ts';
import type {KernelHeaders} from './read-headers.ts';

export interface CompileJob {
	work: string;
	headers: KernelHeaders;
	/** How many compilers run at once. */
	jobs: number;
}

/** Compiles WORK/module to vfctl_pf.ko. Gives back warnings. */
export async function compileHub(run: BuildRun, job: CompileJob): Promise<string[]> {
	return make(run, job, {target: 'vfctl_pf', directory: `${job.work}/module`, variables: [hubHeader(job)]});
}

/** Compiles WORK/forward to vfctl_fwd.ko. Gives back warnings. */
export async function compileForward(run: BuildRun, job: CompileJob): Promise<string[]> {
	return make(run, job, {target: forwardModule, directory: `${job.work}/forward`, variables: withHub(job)});
}

function hubHeader({work}: CompileJob): string {
	return `KCFLAGS=-I${work}/include`;
}

// Where the header of our module is, and what that module offers.
function withHub(job: CompileJob): string[] {
	return [hubHeader(job), `KBUILD_EXTRA_SYMBOLS=${job.work}/module/Module.symvers`];
}

/** Compiles WORK/DRIVER. Gives back warnings. */
export async function compileDriver(run: BuildRun, job: CompileJob, driver: PfDriver): Promise<string[]> {
	return make(run, job, {
		target: driver,
		directory: `${job.work}/${driver}`,
		variables: [`CONFIG_${driver.toUpperCase()}=m`, ...withHub(job)],
	});
}

// A digest of its sources in every module, which the kernel shows while it is loaded: Debian's
// kernels leave it out (scripts/Makefile.modpost).
const always = ['CONFIG_MODULE_SRCVERSION_ALL=y'] as const;

async function make(run: BuildRun, {headers, jobs}: CompileJob, {target, directory, variables}: {target: BuiltModule; directory: string; variables: readonly string[]}): Promise<string[]> {
	const {code, stdout, stderr} = await runBuildTool(run, ['make', '--silent', `--jobs=${jobs}`, `--directory=${headers.directory}`, `M=${directory}`, ...always, ...variables, 'modules']);
	const output = `${stdout}\n${stderr}`;
	const module = `${directory}/${target}.ko`;
	if (code !== 0 || !run.host.files.exists(module)) {
		throw troubleError(buildTrouble(code === 0 ? `${output}\nmake ended well and made no ${target}.ko` : output, {kernel: headers.kernel, version: kernelVersionText(headers.version), target, directory}));
	}

	// Debug data is ten times the module, and would be in every initramfs.
	await mustRun(run, ['strip', '--strip-debug', module], `${target}.ko cannot be stripped`);
	const other = otherCompiler(output);
	return other === undefined ? [] : [other];
}
