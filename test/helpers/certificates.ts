// Certificates for a test, by openssl; their keys are for nothing else.
import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Makes an authority: `cacert.pem` and its key in a new directory. */
export function makeAuthority(directory: string, name: string): void {
	mkdirSync(directory);
	openssl(['req', '-x509', ...fresh, '-keyout', join(directory, 'cakey.pem'), '-out', join(directory, 'cacert.pem'), '-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']);
}

/** Makes `KINDcert.pem` and `KINDkey.pem` beside the authority that signs it. `names` are DNS names. */
export function certify(directory: string, kind: 'server' | 'client', names: readonly string[]): void {
	const [key, request, extensions] = ['key.pem', '.csr', '.ext'].map(ending => join(directory, `${kind}${ending}`)) as [string, string, string];
	openssl(['req', ...fresh, '-keyout', key, '-out', request, '-subj', `/CN=${names[0]}`]);
	// libvirt asks for both (virNetTLSContextCheckCertKeyUsage in rpc/virnettlscontext.c).
	const text = `keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=${kind}Auth\nsubjectAltName=${names.map(name => `DNS:${name}`).join()}\n`;
	writeFileSync(extensions, text);
	openssl(['x509', '-req', '-in', request, '-CA', join(directory, 'cacert.pem'), '-CAkey', join(directory, 'cakey.pem'), '-CAcreateserial', '-extfile', extensions, '-days', '2', '-out', join(directory, `${kind}cert.pem`)]);
}

const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(words: readonly string[]): void {
	execFileSync('openssl', words, {stdio: ['ignore', 'ignore', 'pipe']});
}
