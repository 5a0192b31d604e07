// The XML renderer that plans get: planning itself knows no templates and waits for nothing.
import type {DeviceSpec} from '../../libvirt/device-xml.ts';
import type {PoolXmlSpec} from '../../libvirt/pool-xml.ts';

/** Loads the templates; the result renders without waiting. */
export async function loadXmlRenderer(): Promise<(spec: DeviceSpec) => string> {
	const {renderDeviceXml} = await import('../../libvirt/device-xml.ts');
	return spec => renderDeviceXml(spec);
}

/** The same for pools. */
export async function loadPoolRenderer(): Promise<(spec: PoolXmlSpec) => string> {
	const {poolXml} = await import('../../libvirt/pool-xml.ts');
	return spec => poolXml(spec);
}
