// vfctl bench FIRST SECOND
import {writeFile} from 'node:fs/promises';
import {AppError} from '../../errors.ts';
import {bench} from '../../exec/bench/bench.ts';
import type {BenchRequest} from '../../exec/bench/bench-request.ts';
import {planBench} from '../../exec/bench/plan-bench.ts';
import type {BenchResult} from '../../model/bench-result.ts';
import {benchPlansJson, benchPlansText} from '../../render/bench-plans.ts';
import {benchSvg} from '../../render/bench-svg.ts';
import {benchText, problemText} from '../../render/bench-text.ts';
import type {CommandContext} from '../context.ts';
import {libvirtOnce} from '../libvirt-once.ts';
import {parseBench, type BenchArguments} from '../parse-bench.ts';
import {loadXmlRenderer} from './render-xml.ts';
import {runContext, underLock} from './run-plan.ts';

/** Measures, and prints the figures; with --dry-run the plans of the methods. */
export async function run(context: CommandContext, args: BenchArguments & {svg?: string | undefined}): Promise<void> {
	const {options, out} = context;
	const request: BenchRequest = {...parseBench(args), acceptedRisks: options.acceptedRisks, renderXml: await loadXmlRenderer()};
	if (args.svg !== undefined && !options.dryRun) {
		await requireWritable(args.svg);
	}

	if (request.methods !== null && !options.dryRun) {
		await underLock(context, async run => tell(context, await bench(run, request, out.note), args.svg));
		return;
	}

	const libvirt = libvirtOnce(context);
	try {
		const run = await runContext(context, libvirt);
		if (options.dryRun) {
			const plans = await planBench(run, request);
			out.result(benchPlansText(plans), benchPlansJson(plans));
		} else {
			await tell(context, await bench(run, request, out.note), args.svg);
		}
	} finally {
		await libvirt.close();
	}
}

async function tell({out}: CommandContext, result: BenchResult, svg: string | undefined): Promise<void> {
	requireFigures(result);
	if (svg !== undefined) {
		await writeFile(svg, benchSvg(result));
	}

	out.result(`${benchText(result)}${svg === undefined ? '' : `\n\nwrote ${svg}`}`, result);
}

/** Throws BENCH_FAILED when nothing at all was measured. */
function requireFigures(result: BenchResult): void {
	const {methods} = result;
	if (methods.some(({tests}) => tests.some(({runs}) => runs.length > 0))) {
		return;
	}

	const problems = methods.flatMap(({method, problem, tests}) => [problem, ...tests.map(one => one.problem)].filter(one => one !== null).map(one => ({method, problem: one})));
	const [first] = problems;
	throw new AppError('BENCH_FAILED', 'nothing could be measured', {
		why: problems.map(({method, problem}) => `${method}: ${problemText({...problem, fix: null})}`).join('; '),
		...typeof first?.problem.fix === 'string' ? {fix: first.problem.fix} : {},
		details: {result},
	});
}

/** Before minutes of measuring: the file is made, and what it has stays until then. */
async function requireWritable(file: string): Promise<void> {
	try {
		await writeFile(file, '', {flag: 'a'});
	} catch (error) {
		throw new AppError('USAGE', `the picture ${file} cannot be written`, {why: (error as Error).message, fix: 'name a file in a directory that is there and yours', cause: error});
	}
}
