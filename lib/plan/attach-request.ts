// What an attach is asked to do.
import type {DeviceSpec} from '../libvirt/device-xml.ts';
import type {Mac} from '../model/mac.ts';
import type {VfSettingsPart} from '../model/vf-settings.ts';
import type {FailoverSource} from './failover-source.ts';
import type {TargetOptions} from './find-guest.ts';
import type {RiskName} from './plan.ts';

export type AttachMethod = 'hostdev' | 'interface' | 'network';

export interface AttachRequest extends TargetOptions {
	guest: string;
	/** PF, VF or pool as typed. */
	device: string;
	/** Settings without the MAC. */
	settings: Omit<VfSettingsPart, 'mac'>;
	mac?: Mac;
	method?: AttachMethod;
	/** Undefined: libvirt binds and gives back the driver when the VF is on its host driver. */
	managed?: boolean;
	/** Network or bridge of a virtio interface that stands by for the VF. */
	failover?: FailoverSource;
	/** VFs to create when the PF has none. */
	createVfs?: number;
	/** How long the guest agent may take to show the interface; 0 does not look. */
	guestTimeoutMs: number;
	acceptedRisks: readonly RiskName[];
	/** Renders libvirt's XML for the device. */
	renderXml: (spec: DeviceSpec) => string;
}
