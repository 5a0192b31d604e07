#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: forward
short_description: Pass frames between VFs of one card on in the kernel
version_added: 0.1.0
description:
  - Switches the module C(vfctl_fwd) on or off for the VFs of PFs, and sets how the card itself switches.
  - After a restart of the host it is off, unless the host file of the host says C(forwarding).
options:
  pfs:
    description: Interfaces or PCI addresses of PFs.
    type: list
    elements: str
    required: true
  state:
    description: Whether frames are passed on. When it is left out, nothing is said of that.
    type: str
    choices: [enabled, disabled]
  relay:
    description: With I(state=enabled), name of the group of PFs in which frames are relayed. C(none) takes them out.
    type: str
  switch:
    description: How the cards switch between their VFs. Their drivers must have that.
    type: str
    choices: [veb, vepa]
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: VFs of both ports reach each other
  vfctl.vfctl.forward:
    pfs: [ens6f1, ens7f1]
    state: enabled
    relay: lan
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

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import make_module, option, Vfctl


def main():
    """Runs the module."""
    module = make_module(
        dict(
            pfs=dict(type='list', elements='str', required=True),
            state=dict(type='str', choices=['enabled', 'disabled']),
            relay=dict(type='str'),
            switch=dict(type='str', choices=['veb', 'vepa']),
        ),
        required_one_of=[('state', 'switch')],
        required_by=dict(relay=['state']),
    )
    params = module.params
    vfctl = Vfctl(module)
    if params['switch'] is not None:
        vfctl.change(['forward', 'switch'], [params['switch']] + params['pfs'])
    if params['state'] == 'enabled':
        vfctl.change(['forward', 'on'] + option('relay', params['relay']), params['pfs'])
    elif params['state'] == 'disabled':
        vfctl.change(['forward', 'off'], params['pfs'])
    vfctl.exit()


if __name__ == '__main__':
    main()
