// Errors as Node's fs gives them for a failed system call.
import {constants} from 'node:os';

export type Errno = 'EACCES' | 'EADDRNOTAVAIL' | 'EAGAIN' | 'EBUSY' | 'EINVAL' | 'EIO' | 'ENODEV' | 'ENOENT' | 'ENOMEM' | 'ENOTDIR' | 'EISDIR' | 'EOPNOTSUPP' | 'EOVERFLOW' | 'EPERM' | 'EPROTONOSUPPORT' | 'ERANGE' | 'EEXIST' | 'ENOSPC' | 'EROFS';

/** A NodeJS.ErrnoException of one errno. */
export function errnoError(code: Errno, path: string, syscall = 'write'): NodeJS.ErrnoException {
	const error: NodeJS.ErrnoException = new Error(`${code}: ${strerror[code]?.toLowerCase() ?? code}, ${syscall} '${path}'`);
	error.code = code;
	error.errno = -(constants.errno[code as keyof typeof constants.errno] ?? 0);
	error.syscall = syscall;
	error.path = path;
	return error;
}

/** What strerror(3) of glibc says; iproute2 prints it after `RTNETLINK answers:`. */
export const strerror: Readonly<Partial<Record<Errno, string>>> = {
	EACCES: 'Permission denied',
	EADDRNOTAVAIL: 'Cannot assign requested address',
	EAGAIN: 'Resource temporarily unavailable',
	EBUSY: 'Device or resource busy',
	EEXIST: 'File exists',
	EINVAL: 'Invalid argument',
	EIO: 'Input/output error',
	EISDIR: 'Is a directory',
	ENODEV: 'No such device',
	ENOENT: 'No such file or directory',
	ENOMEM: 'Cannot allocate memory',
	ENOSPC: 'No space left on device',
	ENOTDIR: 'Not a directory',
	EOPNOTSUPP: 'Operation not supported',
	EOVERFLOW: 'Value too large for defined data type',
	EPERM: 'Operation not permitted',
	EPROTONOSUPPORT: 'Protocol not supported',
	ERANGE: 'Numerical result out of range',
	EROFS: 'Read-only file system',
};
