// Hides what opens something: passwords, keys, tokens. Everything here errs on the side of hiding: a
// masked word that was none costs a question, one that was not masked costs the secret.
import {mapTexts} from './map-texts.ts';
import type {HostRecord} from './record.ts';

export const maskedWord = '(masked)';

/** One kind of secret: what it looks like, and what stays of the match. */
interface SecretKind {
	readonly name: string;
	readonly pattern: RegExp;
	/** `$1` and so on are what stays. */
	readonly keep: string;
}

// Words of at most 64 characters on either side: no line can make the search slow.
const secretName = '(?:[\\w.-]{0,64}(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|preshared[-_]?key|access[-_]?key|auth[-_]?key|psk|credential)[\\w.-]{0,64})';
// Logs and reports are put into JSON, and that into JSON again: a quote may have backslashes before
// it, and what is masked must leave them as they are.
const quote = '\\\\{0,7}["\']';
const bare = '(?:[^\\s,;&<>"\'\\\\]|\\\\[^"\'\\s])+';
const sign = '(?:\\s*[=:]\\s*|\\s+is\\s+)';

const named = (pattern: string, keep: string, flags = 'gi'): SecretKind => ({name: 'named secrets', pattern: new RegExp(pattern, flags), keep});

/** In this order: a block first, then what has a name, then what looks like nothing else. */
const kinds: readonly SecretKind[] = [
	// RFC 7468; one that a log cut off ends with its paragraph, its string or the text.
	{name: 'private keys', pattern: /(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----)[^"']*?(-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\n[ \t]*\n|(?=\\{0,7}["'])|$)/g, keep: `$1${maskedWord}$2`},
	// SEV: the session blob and the guest owner's certificate (https://libvirt.org/kbase/launch_security_sev.html).
	{name: 'launch secrets', pattern: /(<(session|dhCert)>)[^<]*(<\/\2>)/g, keep: `$1${maskedWord}$3`},
	// Ignition and cloud-init hand whole configurations to a guest like this.
	{name: 'firmware blobs', pattern: /(<entry name=\\{0,7}["']opt\/[^"']{0,200}["']>)[^<]*(<\/entry>)/g, keep: `$1${maskedWord}$2`},
	{name: 'firmware blobs', pattern: /(-fw_cfg name=[^\s,"']{0,200},string=)[^\s,"'\\]+/g, keep: `$1${maskedWord}`},
	// systemd.system-credentials(7), in SMBIOS strings of type 11.
	{name: 'credentials', pattern: /(io\.systemd\.credential(?:\.binary)?:[\w.-]{1,64}=)[^\s<,'"\\]+/g, keep: `$1${maskedWord}`},
	// QEMU: -object secret,id=x,data=... and the same in JSON.
	{name: 'QEMU secrets', pattern: /(\\{0,7}"qom-type\\{0,7}":\s*\\{0,7}"secret\\{0,7}"[^{}]{0,400}?"data\\{0,7}":\s*\\{0,7}")[^"\\]*/g, keep: `$1${maskedWord}`},
	{name: 'QEMU secrets', pattern: /((?:\b|(?<=\\[nrt]))secret,(?:[\w-]{1,32}=[^\s,]{0,200},){0,8}data=)[^\s,"'\\]+/g, keep: `$1${maskedWord}`},
	{name: 'authorizations', pattern: /((?:\b|(?<=\\[nrt]))(?:Authorization|Proxy-Authorization|X-Auth-Token)\\{0,7}["']?\s*[:=]\s*\\{0,7}["']?(?:(?:Basic|Bearer|Digest|Negotiate)\s+)?)[^\s"',\\]+/gi, keep: `$1${maskedWord}`},
	{name: 'passwords in addresses', pattern: /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@'"<>%]{0,200}(?::|%(?=[^\s/@'"<>]{1,200}@)))[^\s/@'"<>]{1,200}(?=@)/gi, keep: `$1${maskedWord}`},
	named(`(<(${secretName})>)[^<]*(</\\2>)`, `$1${maskedWord}$3`),
	// Of JSON: what is no string there becomes one, so that it stays JSON.
	named(`((\\\\{0,7}")${secretName}\\\\{0,7}"\\s*:\\s*)(?:[\\d.eE+-]+|true|false|null)(?=\\s*[,}\\]\\n]|\\s*$)`, `$1$2${maskedWord}$2`),
	named(`(\\b${secretName}(?:${quote})?${sign}(${quote}))(?:(?!\\2)[^\\n"'\\\\]|\\\\(?!["'])[^\\n])*?(?=\\2)`, `$1${maskedWord}`),
	// A line of a configuration file: blanks belong to the value.
	named(`(^[ \\t]*${secretName}[ \\t]*[=:][ \\t]*)(?!["'{\\[|>])[^\\s&<"'\\\\][^"'\\n]*$`, `$1${maskedWord}`, 'gim'),
	named(`(\\b${secretName}${quote}${sign})(?=[\\w+/$-])${bare}`, `$1${maskedWord}`),
	named(`(\\b${secretName}${sign})${bare}`, `$1${maskedWord}`),
	// rbd:pool/image:id=admin:key=AQ...:auth_supported=cephx, and keyrings of Ceph.
	{name: 'Ceph keys', pattern: /((?:^|[:;,\s]|\\[nrt])key\s*=\s*)[^\s:;,<>"'\\]+/gm, keep: `$1${maskedWord}`},
	{name: 'Ceph keys', pattern: /(?:(?<![\w+/=])|(?<=\\[nrt]))AQ[A-Za-z0-9+/]{36}==(?![\w+/=])/g, keep: maskedWord},
	// 32 bytes in base64: Curve25519 keys, private and public look the same.
	{name: 'WireGuard keys', pattern: /(?:(?<![\w+/=])|(?<=\\[nrt]))[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=(?![\w+/=])/g, keep: maskedWord},
	// crypt(5).
	{name: 'password hashes', pattern: /\$(?:1|2[abxy]?|5|6|7|y|gy|sm3|sha1|md5)\$[./A-Za-z0-9$,=]{8,}/g, keep: maskedWord},
	// RFC 7519; AWS, GitHub, GitLab and Slack mark theirs.
	{name: 'tokens', pattern: /(?:\b|(?<=\\[nrt]))eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, keep: maskedWord},
	{name: 'tokens', pattern: /(?:\b|(?<=\\[nrt]))(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,})/g, keep: maskedWord},
];

/** How many of each kind were hidden. */
export type SecretCounts = Record<string, number>;

/** The text without secrets; counts what it hid into `counts`. */
export function maskSecrets(text: string, counts: SecretCounts = {}): string {
	let hidden = text;
	for (const {name, pattern, keep} of kinds) {
		hidden = hidden.replaceAll(pattern, (match, ...groups) => {
			const made = keep.replaceAll(/\$(\d)/g, (_, number: string) => String(groups[Number(number) - 1] ?? ''));
			// What was masked already counts once.
			if (made !== match && !match.includes(maskedWord)) {
				counts[name] = (counts[name] ?? 0) + 1;
			}

			return match.includes(maskedWord) && name !== 'private keys' ? match : made;
		});
	}

	return hidden;
}

/** The record without secrets, wherever they are, and how many of each kind were hidden. */
export function withoutSecrets(record: HostRecord): {record: HostRecord; counts: SecretCounts} {
	const counts: SecretCounts = {};
	return {record: mapTexts(record, {text: original => maskSecrets(original, counts)}), counts};
}
