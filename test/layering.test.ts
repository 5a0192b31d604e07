// The arrows between the folders of lib/, read from the imports of every file. A layer may use
// itself and those before it; types count like values.
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import ts from 'typescript';

// The tests run from dist/test; the sources are two levels up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const order = ['errors', 'model', 'libvirt', 'host', 'sysfs', 'plan', 'formats', 'exec', 'record', 'sim', 'render', 'cli', 'bin'];
const level = new Map(order.map((name, index) => [name, index]));

interface Source {
	path: string;
	layer: string;
	node: ts.SourceFile;
	text: string;
	imports: string[];
}

const sources: Source[] = ['lib', 'bin'].flatMap(directory => readdirSync(join(root, directory), {recursive: true, encoding: 'utf8'}).map(name => join(directory, name)))
	.filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'))
	.map(path => {
		const text = readFileSync(join(root, path), 'utf8');
		const node = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
		return {path, layer: layerOf(path), node, text, imports: importsOf(node)};
	});

/** `lib/model/bdf.ts` is of layer model, `lib/errors.ts` of errors, `bin/vfctl.ts` of bin. */
function layerOf(path: string): string {
	const [first, second] = path.split('/') as [string, string?];
	return first === 'bin' ? 'bin' : second!.replace(/\.ts$/, '');
}

/** Everything a file imports or exports from: static, dynamic and in types. */
function importsOf(file: ts.SourceFile): string[] {
	const found: string[] = [];
	walk(file, node => {
		if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
			found.push(node.moduleSpecifier.text);
		} else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
			const [argument] = node.arguments;
			found.push(argument && ts.isStringLiteral(argument) ? argument.text : '(computed)');
		} else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
			found.push(node.argument.literal.text);
		}
	});
	return found;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
	visit(node);
	ts.forEachChild(node, child => {
		walk(child, visit);
	});
}

/** Places, as `file:line`, where `matches` holds. */
function places(of: readonly Source[], matches: (node: ts.Node, source: Source) => boolean): string[] {
	return of.flatMap(source => {
		const lines: string[] = [];
		walk(source.node, node => {
			if (matches(node, source)) {
				lines.push(`${source.path}:${source.node.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
			}
		});
		return lines;
	});
}

const pure = sources.filter(({layer}) => layer === 'model' || layer === 'plan');
const isAccess = (node: ts.Node, object: string, property?: string): boolean =>
	ts.isPropertyAccessExpression(node) && node.expression.getText() === object && (property === undefined || node.name.text === property);

test('the sources are found and every folder is a known layer', t => {
	t.true(sources.length > 60);
	t.deepEqual([...new Set(sources.map(({layer}) => layer))].filter(layer => !level.has(layer)), []);
});

test('imports go only down the arrows', t => {
	const wrong = sources.flatMap(({path, layer, imports}) => imports.filter(name => name.startsWith('.')).flatMap(name => {
		const target = relative('.', join(dirname(path), name));
		const allowed = level.get(layerOf(target))! <= level.get(layer)!;
		return allowed ? [] : [`${path} imports ${target}`];
	}));
	t.deepEqual(wrong, []);
});

test('no import is computed, and none leaves lib and bin', t => {
	t.deepEqual(sources.flatMap(({path, imports}) => imports.filter(name => name === '(computed)' || (name.startsWith('.') && !/^(lib|bin)\//.test(join(dirname(path), name)))).map(name => `${path}: ${name}`)), []);
});

test('model and plan do no I/O: no node:, no package that could, no await', t => {
	// valibot and ipaddr.js look at data and touch nothing else.
	t.deepEqual(pure.flatMap(({path, imports}) => imports.filter(name => !name.startsWith('.') && !['valibot', 'ipaddr.js'].includes(name)).map(name => `${path}: ${name}`)), []);
	t.deepEqual(places(pure, node => ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword), []);
});

test('only bin ends the process', t => {
	t.deepEqual(places(sources.filter(({layer}) => layer !== 'bin'), node => isAccess(node, 'process', 'exit') || isAccess(node, 'process', 'exitCode') || isAccess(node, 'process', 'abort')), []);
});

test('only render prints', t => {
	t.deepEqual(places(sources.filter(({layer}) => layer !== 'render'), (node, {layer}) => isAccess(node, 'console')
		|| isAccess(node, 'process.stdout', 'write') || isAccess(node, 'process.stderr', 'write')
		// Asking about the terminal is not printing, but nobody below the command line needs to.
		|| (layer !== 'cli' && layer !== 'bin' && (isAccess(node, 'process', 'stdout') || isAccess(node, 'process', 'stderr')))), []);
});

test('only exec writes to the machine', t => {
	const writing = new Set(['writeAttribute', 'appendDurably', 'removeFile']);
	// lib/host and lib/sim are the two implementations of what exec calls.
	const others = sources.filter(({layer}) => !['exec', 'host', 'sim'].includes(layer));
	t.deepEqual(places(others, node => ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && writing.has(node.expression.name.text)), []);
	const fsWriters = /^(?:write|append|rm|unlink|rename|mkdir|symlink|truncate|copyFile|chmod|chown|createWriteStream)/;
	// Their result is a file, wherever the admin wants it; nothing of the host changes.
	const resultIsFile = new Set(['lib/cli/commands/capture.ts', 'lib/cli/commands/bench.ts', 'lib/cli/write-new-file.ts']);
	t.deepEqual(others.filter(({path, node}) => !resultIsFile.has(path) && node.statements.some(statement => ts.isImportDeclaration(statement)
		&& /^'node:fs(?:\/promises)?'$/.test(statement.moduleSpecifier.getText())
		&& (!statement.importClause?.namedBindings || !ts.isNamedImports(statement.importClause.namedBindings)
			|| statement.importClause.namedBindings.elements.some(element => fsWriters.test((element.propertyName ?? element.name).text))))).map(({path}) => path), []);
});

test('new_id is written by nothing: it takes every device of an id', t => {
	// The simulated kernel shows the file, as the real one does, and answers writes with an error. The
	// catalogue of messages is text only: it tells what others wrote there, and to leave it.
	t.deepEqual(places(sources.filter(({layer, path}) => layer !== 'sim' && !path.startsWith('lib/model/messages/')), node => (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) && node.text.includes('new_id')), []);
});
