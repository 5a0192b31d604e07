// The part of libvirt.so.0 that vfctl calls, declared for koffi. All of it exists since
// libvirt 1.2.14 (2015). https://libvirt.org/html/index.html
import type {LibraryHandle} from 'koffi';

type Koffi = typeof import('koffi').default;
type TypeSpec = Parameters<Koffi['sizeof']>[0];

/** A pointer that libvirt handed out. */
export type Pointer = bigint & {readonly brand: 'Pointer'};

/** A function of libvirt; `.async` runs it on another thread. */
export type NativeFunction = ReturnType<LibraryHandle['func']>;

/** The first members of struct _virError. */
export interface LibvirtError {
	readonly code: number;
	readonly domain: number;
	readonly message: string | null;
}

/** struct _virDomainInterface. */
export interface NativeInterface {
	readonly name: string;
	readonly hwaddr: string | null;
	readonly naddrs: number;
	readonly addrs: Pointer | null;
}

/** struct _virDomainInterfaceIPAddress. */
export interface NativeAddress {
	readonly addr: string;
	readonly prefix: number;
}

export type LibvirtApi = ReturnType<typeof declareLibvirt>;

/** virDomainQemuAgentCommand, the one function of libvirt-qemu.so.0 that vfctl calls. After
 * `declareLibvirt`, whose string type it uses. */
export function declareAgentCommand(koffi: Koffi, path: string): NativeFunction {
	return koffi.load(path).func('virDomainQemuAgentCommand', 'VfctlOwnedString', ['void *', 'str', 'int', 'uint']);
}

/** Loads the library and declares it; throws koffi's own error when it cannot be loaded. Only
 * once in a process: koffi's type names are global. */
export function declareLibvirt(koffi: Koffi, path: string) {
	const library = koffi.load(path);
	// What is loaded already: the C library.
	const system = koffi.load(null);
	const pointer = 'void *';
	const out = koffi.out(koffi.pointer('void *'));
	// Strings that the caller has to free become JavaScript strings and are freed by koffi.
	const ownedString = koffi.disposable('VfctlOwnedString', 'str');
	const virError = koffi.struct('VfctlError', {code: 'int', domain: 'int', message: 'str'});
	const virInterface = koffi.struct('VfctlInterface', {name: 'str', hwaddr: 'str', naddrs: 'uint', addrs: pointer});
	const virAddress = koffi.struct('VfctlAddress', {type: 'int', addr: 'str', prefix: 'uint'});
	const errorFunction = koffi.pointer(koffi.proto('VfctlErrorFunction', 'void', [pointer, pointer]));
	const declare = (name: string, result: TypeSpec, parameters: TypeSpec[]): NativeFunction =>
		library.func(name, result, parameters);

	return {
		virSetErrorFunc: declare('virSetErrorFunc', 'void', [pointer, errorFunction]),
		virConnSetErrorFunc: declare('virConnSetErrorFunc', 'void', [pointer, pointer, errorFunction]),

		virConnectOpen: declare('virConnectOpen', pointer, ['str']),
		virConnectOpenReadOnly: declare('virConnectOpenReadOnly', pointer, ['str']),
		virConnectClose: declare('virConnectClose', 'int', [pointer]),
		virConnectGetDomainCapabilities: declare('virConnectGetDomainCapabilities', ownedString, [pointer, 'str', 'str', 'str', 'str', 'uint']),
		virConnectGetLibVersion: declare('virConnectGetLibVersion', 'int', [pointer, koffi.out(koffi.pointer('ulong'))]),

		virConnectListAllDomains: declare('virConnectListAllDomains', 'int', [pointer, out, 'uint']),
		virDomainLookupByName: declare('virDomainLookupByName', pointer, [pointer, 'str']),
		virDomainLookupByUUIDString: declare('virDomainLookupByUUIDString', pointer, [pointer, 'str']),
		virDomainGetName: declare('virDomainGetName', 'str', [pointer]),
		virDomainGetUUIDString: declare('virDomainGetUUIDString', 'int', [pointer, pointer]),
		virDomainGetID: declare('virDomainGetID', 'uint', [pointer]),
		virDomainGetState: declare('virDomainGetState', 'int', [pointer, koffi.out(koffi.pointer('int')), pointer, 'uint']),
		virDomainIsPersistent: declare('virDomainIsPersistent', 'int', [pointer]),
		virDomainGetXMLDesc: declare('virDomainGetXMLDesc', ownedString, [pointer, 'uint']),
		virDomainAttachDeviceFlags: declare('virDomainAttachDeviceFlags', 'int', [pointer, 'str', 'uint']),
		virDomainDetachDeviceFlags: declare('virDomainDetachDeviceFlags', 'int', [pointer, 'str', 'uint']),
		virDomainInterfaceAddresses: declare('virDomainInterfaceAddresses', 'int', [pointer, out, 'uint', 'uint']),
		virDomainInterfaceFree: declare('virDomainInterfaceFree', 'void', [pointer]),
		virDomainFree: declare('virDomainFree', 'int', [pointer]),

		virConnectListAllNetworks: declare('virConnectListAllNetworks', 'int', [pointer, out, 'uint']),
		virNetworkGetName: declare('virNetworkGetName', 'str', [pointer]),
		virNetworkGetUUIDString: declare('virNetworkGetUUIDString', 'int', [pointer, pointer]),
		virNetworkIsActive: declare('virNetworkIsActive', 'int', [pointer]),
		virNetworkIsPersistent: declare('virNetworkIsPersistent', 'int', [pointer]),
		virNetworkGetAutostart: declare('virNetworkGetAutostart', 'int', [pointer, koffi.out(koffi.pointer('int'))]),
		virNetworkGetXMLDesc: declare('virNetworkGetXMLDesc', ownedString, [pointer, 'uint']),
		virNetworkLookupByName: declare('virNetworkLookupByName', pointer, [pointer, 'str']),
		virNetworkDefineXML: declare('virNetworkDefineXML', pointer, [pointer, 'str']),
		virNetworkUndefine: declare('virNetworkUndefine', 'int', [pointer]),
		virNetworkCreate: declare('virNetworkCreate', 'int', [pointer]),
		virNetworkDestroy: declare('virNetworkDestroy', 'int', [pointer]),
		virNetworkSetAutostart: declare('virNetworkSetAutostart', 'int', [pointer, 'int']),
		virNetworkUpdate: declare('virNetworkUpdate', 'int', [pointer, 'uint', 'uint', 'int', 'str', 'uint']),
		virNetworkFree: declare('virNetworkFree', 'int', [pointer]),

		virConnectListAllNodeDevices: declare('virConnectListAllNodeDevices', 'int', [pointer, out, 'uint']),
		virNodeDeviceLookupByName: declare('virNodeDeviceLookupByName', pointer, [pointer, 'str']),
		virNodeDeviceGetName: declare('virNodeDeviceGetName', 'str', [pointer]),
		virNodeDeviceGetXMLDesc: declare('virNodeDeviceGetXMLDesc', ownedString, [pointer, 'uint']),
		virNodeDeviceFree: declare('virNodeDeviceFree', 'int', [pointer]),

		getpeername: system.func('getpeername', 'int', ['int', pointer, koffi.inout(koffi.pointer('uint'))]) as NativeFunction,
		shutdown: system.func('shutdown', 'int', ['int', 'int']) as NativeFunction,

		/** The function pointer of a virErrorFunc; `userData` is the number that was set with it. */
		registerErrorFunction: (listener: (userData: number, error: LibvirtError) => void) =>
			koffi.register((userData: bigint | null, error: bigint) => {
				listener(Number(userData ?? 0), koffi.decode(error, virError) as LibvirtError);
			}, errorFunction),
		/** The elements of a C array of pointers. */
		readPointers: (array: Pointer, count: number) => koffi.decode(array, koffi.array(pointer, count)) as Pointer[],
		readInterface: (from: Pointer) => koffi.decode(from, virInterface) as NativeInterface,
		readAddresses: (array: Pointer, count: number) => koffi.decode(array, koffi.array(virAddress, count)) as NativeAddress[],
		/** free(3), for the arrays that libvirt allocates. */
		free(allocated: Pointer): void {
			koffi.free(allocated);
		},
	};
}
