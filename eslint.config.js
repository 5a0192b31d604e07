import tseslint from 'typescript-eslint';

// Rules that find bugs, with types; layout is not a tool's business here.
export default tseslint.config(
	{ignores: ['dist/', 'node_modules/', 'ansible/', 'kernel-module/', '*.config.js', 'scripts/*.mjs']},
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.base],
		languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
		linterOptions: {reportUnusedDisableDirectives: 'off'},
		rules: {
			'@typescript-eslint/await-thenable': 'error',
			'@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports', disallowTypeAnnotations: false}],
			'@typescript-eslint/no-floating-promises': 'error',
			'@typescript-eslint/no-misused-promises': 'error',
			'@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
			eqeqeq: 'error',
			'no-var': 'error',
			'prefer-const': 'error',
		},
	},
	{
		files: ['lib/**/*.ts', 'bin/**/*.ts'],
		rules: {
			'@typescript-eslint/no-explicit-any': 'error',
			'no-console': 'error',
			'max-lines': ['error', {max: 300, skipBlankLines: true, skipComments: true}],
		},
	},
);
