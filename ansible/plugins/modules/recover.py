#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: recover
short_description: Put right what a vfctl that was killed left behind
version_added: 0.1.0
description:
  - Puts back operations that were cut off, by a crash of the host for example. Until then vfctl refuses other changes.
  - Changes nothing on a host that has none.
options:
  without_libvirt:
    description: Without asking libvirt, as the unit at boot does.
    type: bool
    default: false
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: Nothing is left half done
  vfctl.vfctl.recover:
'''

RETURN = r'''
recovered:
  description: The operations that were put back, or in check mode their numbers.
  returned: success
  type: list
  elements: raw
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

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import make_module, Vfctl


def main():
    """Runs the module."""
    module = make_module(dict(without_libvirt=dict(type='bool', default=False)))
    vfctl = Vfctl(module)
    answer = vfctl.change(['recover'] + (['--boot'] if module.params['without_libvirt'] else []))
    vfctl.exit(recovered=answer.get('recovered', answer.get('operations', [])))


if __name__ == '__main__':
    main()
