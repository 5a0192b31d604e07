#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: attach
short_description: Give a VF to a guest, or take it back
version_added: 0.1.0
description:
  - Gives a VF to a KVM guest, running or not, with addresses and routes inside of it when it is asked to.
  - A guest that has the VF already is left as it is. To change settings of a VF that a guest has, use M(vfctl.vfctl.host).
options:
  guest:
    description: Name or UUID of the guest.
    type: str
    required: true
  device:
    description:
      - A VF, a PF of which any free VF is taken, or a pool.
      - With some of the methods a bridge, a network, a socket or a name. See C(docs/methods.md) of vfctl.
    type: str
    required: true
  state:
    description: Whether the guest has it.
    type: str
    choices: [present, absent]
    default: present
  definition:
    description: Which definition of the guest is meant. C(both) is the saved one, and the running one when it runs.
    type: str
    choices: [both, live, config]
    default: both
  method:
    description: How the guest gets it. When it is left out, vfctl chooses.
    type: str
  managed:
    description: Whether libvirt binds the VF and gives it back.
    type: bool
  failover:
    description: Network, or C(bridge:BRIDGE), of a virtio interface that stands in while the VF is away.
    type: str
  with_standby:
    description: With I(state=absent), whether that virtio interface goes, too.
    type: bool
    default: false
  create_vfs:
    description: VFs to create when the PF has none.
    type: int
  addresses:
    description: Addresses in the guest, as C(20.0.0.3/24).
    type: list
    elements: str
  gateways:
    description: Default routes in the guest, one each for IPv4 and IPv6.
    type: list
    elements: str
  routes:
    description: Routes in the guest, as C(NETWORK,via=ADDRESS,metric=N).
    type: list
    elements: str
  mtu:
    description: MTU in the guest, in bytes.
    type: int
  nameservers:
    description: Name servers for the guest.
    type: list
    elements: str
  guest_file:
    description: File that keeps this in the guest. When it is left out, in the format that the guest uses.
    type: str
    choices: [auto, none, netplan, networkd, networkmanager, cloud-init]
  guest_timeout:
    description: Seconds the guest agent may take to show the interface. 0 does not look.
    type: int
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
  - vfctl.vfctl.common.settings
'''

EXAMPLES = r'''
- name: A VF of ens6f1, with an address
  vfctl.vfctl.attach:
    guest: vm0
    device: ens6f1#0
    mac: "52:54:00:aa:00:01"
    addresses: [20.0.0.3/24]
    routes: ["30.0.0.0/24,via=20.0.0.9"]

- name: And back
  vfctl.vfctl.attach:
    guest: vm0
    device: ens6f1#0
    state: absent
'''

RETURN = r'''
steps:
  description: What was done, or in check mode would be done, in the order of doing it. Empty when the host is so already.
  returned: always
  type: list
  elements: dict
  contains:
    text:
      description: The step in a few words.
      type: str
      sample: make 4 VFs on ens6f1
    commands:
      description: The lines that an admin would have typed for it.
      type: list
      elements: str
      sample: ["echo 4 >/sys/bus/pci/devices/0000:03:00.1/sriov_numvfs"]
operations:
  description: Numbers of the operations in C(vfctl history), which C(vfctl undo) takes. Empty in check mode.
  returned: always
  type: list
  elements: int
  sample: [12]
vfctl:
  description: The error of vfctl.
  returned: when vfctl refuses or fails
  type: dict
  contains:
    code:
      description: Code of the error, which stays the same between versions.
      type: str
      sample: VF_HELD
    message:
      description: What happened.
      type: str
    why:
      description: Why.
      type: str
    fix:
      description: What to type next.
      type: str
    exit_status:
      description: Exit status of vfctl.
      type: int
      sample: 3
    details:
      description: More for programs.
      type: raw
'''

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import make_module, option, setting_options, SETTING_ARGUMENTS, Vfctl


def main():
    """Runs the module."""
    module = make_module(dict(
        SETTING_ARGUMENTS,
        guest=dict(type='str', required=True),
        device=dict(type='str', required=True),
        state=dict(type='str', choices=['present', 'absent'], default='present'),
        definition=dict(type='str', choices=['both', 'live', 'config'], default='both'),
        method=dict(type='str'),
        managed=dict(type='bool'),
        failover=dict(type='str'),
        with_standby=dict(type='bool', default=False),
        create_vfs=dict(type='int'),
        addresses=dict(type='list', elements='str'),
        gateways=dict(type='list', elements='str'),
        routes=dict(type='list', elements='str'),
        mtu=dict(type='int'),
        nameservers=dict(type='list', elements='str'),
        guest_file=dict(type='str', choices=['auto', 'none', 'netplan', 'networkd', 'networkmanager', 'cloud-init']),
        guest_timeout=dict(type='int'),
    ))
    params = module.params
    names = [params['guest'], params['device']]
    definition = [] if params['definition'] == 'both' else ['--' + params['definition']]
    vfctl = Vfctl(module)
    if params['state'] == 'absent':
        vfctl.change(['detach'] + definition + (['--both'] if params['with_standby'] else []), names, absent=('NOT_ATTACHED',))
    else:
        vfctl.change(['attach'] + definition + setting_options(params) + network_options(params), names)
    vfctl.exit()


def network_options(params):
    """How the guest gets it, and what the interface has in the guest."""
    words = [] if params['managed'] is None else option('managed', 'yes' if params['managed'] else 'no')
    for flag, name in (
        ('method', 'method'), ('failover', 'failover'), ('vfs', 'create_vfs'), ('address', 'addresses'), ('gateway', 'gateways'), ('route', 'routes'),
        ('mtu', 'mtu'), ('nameserver', 'nameservers'), ('guest-file', 'guest_file'), ('guest-timeout', 'guest_timeout'),
    ):
        words += option(flag, params[name])
    return words


if __name__ == '__main__':
    main()
