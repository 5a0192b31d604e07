#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: pool
short_description: Pools of virtual functions
version_added: 0.1.0
description:
  - A pool is a network of libvirt that hands out VFs to guests.
  - A pool that is made of other VFs is changed, which is refused while guests use it.
options:
  name:
    description: Name of the pool.
    type: str
    required: true
  state:
    description: Whether there is such a pool.
    type: str
    choices: [present, absent]
    default: present
  pf:
    description: Interface or PCI address of the PF all VFs of which the pool hands out.
    type: str
  vfs:
    description: VFs that the pool hands out, as C(ens6f1#0-3).
    type: list
    elements: str
  autostart:
    description: Whether libvirt starts it.
    type: bool
    default: true
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: Two VFs for short-lived guests
  vfctl.vfctl.pool:
    name: fast
    vfs: ["ens6f1#2-3"]

- name: No such pool any more
  vfctl.vfctl.pool:
    name: slow
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

import json

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import make_module, Vfctl


def main():
    """Runs the module."""
    module = make_module(
        dict(
            name=dict(type='str', required=True),
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            pf=dict(type='str'),
            vfs=dict(type='list', elements='str'),
            autostart=dict(type='bool', default=True),
        ),
        mutually_exclusive=[('pf', 'vfs')],
        required_if=[('state', 'present', ('pf', 'vfs'), True)],
    )
    params = module.params
    pool = dict(state='absent')
    if params['state'] == 'present':
        pool = dict(autostart=params['autostart'])
        pool.update((key, params[key]) for key in ('pf', 'vfs') if params[key] is not None)
    # A host file that says only this: vfctl then finds the way from any pool that is there.
    vfctl = Vfctl(module)
    vfctl.change(['apply'], ['-'], stdin=json.dumps(dict(version=1, pools={params['name']: pool})))
    vfctl.exit()


if __name__ == '__main__':
    main()
