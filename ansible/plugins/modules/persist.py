#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: persist
short_description: What makes a host come back after a reboot
version_added: 0.1.0
description:
  - Sets, or takes away, arguments of the kernel, modules, rules for network managers, the host file and the units that apply it at boot.
  - Nothing of that takes effect before the next boot but the rules for network managers.
options:
  state:
    description: Whether it is set.
    type: str
    choices: [present, absent]
    default: present
  spec:
    description: With I(state=present), the host file to put in place, as a dictionary. See M(vfctl.vfctl.host).
    type: dict
  content:
    description: The same as text.
    type: str
  src:
    description: The same as the path of a file on the host itself.
    type: path
  only:
    description: Only these items.
    type: list
    elements: str
    choices: [kernel-arguments, modules, network-managers, host-file, unit]
  skip:
    description: All but these items.
    type: list
    elements: str
    choices: [kernel-arguments, modules, network-managers, host-file, unit]
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: The kernel has an IOMMU from the next boot on
  vfctl.vfctl.persist:
    only: [kernel-arguments, modules, network-managers]
  register: lasting

- name: Which is now
  ansible.builtin.reboot:
  when: lasting.reboot_needed
'''

RETURN = r'''
reboot_needed:
  description: Whether something that is set, or in check mode would be set, waits for a reboot.
  returned: success
  type: bool
items:
  description: Each item, its state, and why. In check mode as they are.
  returned: success
  type: list
  elements: dict
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

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import document, make_module, option, Vfctl

ITEMS = ['kernel-arguments', 'modules', 'network-managers', 'host-file', 'unit']


def main():
    """Runs the module."""
    module = make_module(
        dict(
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            spec=dict(type='dict'),
            content=dict(type='str'),
            src=dict(type='path'),
            only=dict(type='list', elements='str', choices=ITEMS),
            skip=dict(type='list', elements='str', choices=ITEMS),
        ),
        mutually_exclusive=[('spec', 'content', 'src')],
    )
    params = module.params
    items = option('only', params['only']) + option('skip', params['skip'])
    vfctl = Vfctl(module)
    if params['state'] == 'absent':
        vfctl.change(['persist', 'off'] + items)
    else:
        text, name = document(params)
        vfctl.change(['persist', 'on'] + items + option('host_file', name), stdin=text)
    now = vfctl.look(['persist', 'show'])
    planned = module.check_mode and params['state'] == 'present' and adds_kernel_arguments(params, now['items'])
    vfctl.exit(reboot_needed=planned or now['rebootNeeded'], items=[dict((key, one[key]) for key in ('item', 'state', 'why')) for one in now['items']])


def adds_kernel_arguments(params, items):
    """Whether arguments of the kernel are missing that the task asks for."""
    name = 'kernel-arguments'
    asked = (params['only'] is None or name in params['only']) and name not in (params['skip'] or [])
    return asked and any(one['item'] == name and one['state'] == 'missing' for one in items)


if __name__ == '__main__':
    main()
