// A simulated host that has what each attach method needs: a PF with VFs, cards in every use, a bridge
// of Linux and one of Open vSwitch, sockets, guests with shared memory.
import {hostBuilder} from '../../lib/sim/builder.ts';
import type {SimOptions} from '../../lib/sim/options.ts';
import {simHost, type SimHost} from '../../lib/sim/sim-host.ts';

const sockets: Readonly<Record<string, string>> = {
	'/run/open.sock': 'socket|root:root|777',
	'/run/closed.sock': 'socket|root:root|755',
	'/run/file': 'regular file|root:root|644',
};

/** VF 0 of pf0 is named by the saved definition of a guest, 1 has a VLAN, 2 a MAC, 3 no driver. */
export function methodsHost(options: SimOptions = {}): SimHost {
	const record = hostBuilder('methods')
		.bridge({name: 'br0'})
		.nic({name: 'lan0', bdf: '0000:06:00.0', addresses: ['10.1.0.1/24']})
		.nic({name: 'spare0', bdf: '0000:07:00.0', up: false})
		.nic({name: 'busy0', bdf: '0000:09:00.0'})
		.nic({name: 'port0', bdf: '0000:08:00.0', master: 'br0'})
		.ssh('10.1.0.1')
		.pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4, vfDrivers: {3: null}, vfSettings: {1: {vlan: 7, qos: 3}, 2: {mac: '52:54:00:bb:00:02'}}})
		.pf({card: '82599', bdf: '0000:03:00.1', name: 'pf1'})
		.pool({name: 'fast', pf: 'pf0', active: false})
		.guest({name: 'vm0', sharedMemory: true})
		.guest({name: 'vm1', sharedMemory: true})
		.guest({name: 'private'})
		.guest({name: 'off', state: 'shutoff'})
		.guest({name: 'named', state: 'shutoff', devices: ['<interface type=\'direct\'><mac address=\'52:54:00:0d:00:01\'/><source dev=\'pf0v0\' mode=\'passthrough\'/><model type=\'virtio\'/></interface>']})
		.record();
	const stat = (argv: readonly string[]) => {
		const said = sockets[argv.at(-1)!];
		return said === undefined ? {code: 1, stdout: '', stderr: 'stat: cannot statx\n'} : {code: 0, stdout: `${said}\n`, stderr: ''};
	};

	return simHost(record, {...options, tools: {stat, 'ovs-vsctl': () => ({code: 0, stdout: 'ovs0\n', stderr: ''}), ...options.tools}});
}
