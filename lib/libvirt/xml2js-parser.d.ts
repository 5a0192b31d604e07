// @types/xml2js describes the package's entry only.
declare module 'xml2js/lib/parser.js' {
	import {type Parser} from 'xml2js';

	const parserModule: {Parser: typeof Parser};
	export default parserModule;
}
