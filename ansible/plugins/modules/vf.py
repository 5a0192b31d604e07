#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: vf
short_description: Make, take away, set and bind virtual functions
version_added: 0.1.0
description:
  - With I(pf) and I(count), a PF gets that many VFs. A count that is another than the PF has is refused while VFs are in use.
  - With I(vf), one VF gets settings on its PF, a driver, or both.
options:
  pf:
    description: Interface or PCI address of a PF.
    type: str
  count:
    description: How many VFs the PF is to have. 0 takes all away.
    type: int
  vf:
    description: A VF as vfctl names it, for example C(ens6f1#0) or C(0000:03:10.1).
    type: str
  driver:
    description: Driver that the VF is bound to, for example C(vfio-pci). C(host) gives it back to its usual driver and forgets what was pinned.
    type: str
  pinned:
    description: Whether I(driver) is bound at every boot, too.
    type: bool
    default: false
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
  - vfctl.vfctl.common.settings
'''

EXAMPLES = r'''
- name: Four VFs
  vfctl.vfctl.vf:
    pf: ens6f1
    count: 4

- name: The first one is in VLAN 42, for a DPDK program
  vfctl.vfctl.vf:
    vf: ens6f1#0
    vlan: 42
    trust: true
    driver: vfio-pci
    pinned: true
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

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import make_module, setting_options, SETTING_ARGUMENTS, Vfctl


def main():
    """Runs the module."""
    module = make_module(
        dict(
            SETTING_ARGUMENTS,
            pf=dict(type='str'),
            count=dict(type='int'),
            vf=dict(type='str'),
            driver=dict(type='str'),
            pinned=dict(type='bool', default=False),
        ),
        mutually_exclusive=[('pf', 'vf')],
        required_one_of=[('pf', 'vf')],
        required_together=[('pf', 'count')],
        required_by=dict(driver=['vf'], **dict((name, ['vf']) for name in SETTING_ARGUMENTS)),
    )
    params = module.params
    settings = setting_options(params)
    if params['vf'] is not None and not settings and params['driver'] is None:
        module.fail_json(msg='vf needs settings, or a driver')
    vfctl = Vfctl(module)
    if params['pf'] is not None:
        vfctl.change(['vf', 'create'], [params['pf'], params['count']])
    if settings:
        vfctl.change(['vf', 'set'] + settings, [params['vf']])
    if params['driver'] == 'host':
        vfctl.change(['restore'], [params['vf']])
    elif params['driver'] is not None:
        vfctl.change(['bind'] + (['--persist'] if params['pinned'] else []), [params['vf'], params['driver']])
    vfctl.exit()


if __name__ == '__main__':
    main()
