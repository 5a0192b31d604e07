#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: info
short_description: Tell what vfctl knows of a host
version_added: 0.1.0
description:
  - Gathers PFs and VFs with who has them, and more when it is asked for, as vfctl tells it in JSON.
  - With I(facts) the same is the fact C(vfctl) of the host.
options:
  gather:
    description: What to tell.
    type: list
    elements: str
    choices: [inventory, pools, methods, iommu, driver, forward, persist, history, export]
    default: [inventory]
  facts:
    description: Whether it is also a fact of the host, C(ansible_facts.vfctl).
    type: bool
    default: false
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.look
'''

EXAMPLES = r'''
- name: Who has which VF
  vfctl.vfctl.info:
    gather: [inventory, pools]
  register: told

- name: Names of the PFs
  ansible.builtin.debug:
    msg: "{{ told.info.inventory.pfs | map(attribute='name') }}"
'''

RETURN = r'''
version:
  description: Version of vfctl.
  returned: success
  type: str
info:
  description: What was asked for, by its name, as the command of vfctl prints it. I(export) is the text of a host file.
  returned: success
  type: dict
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

COMMANDS = dict(
    inventory=['list'],
    pools=['pool', 'list'],
    methods=['methods'],
    iommu=['iommu'],
    driver=['driver', 'status'],
    forward=['forward', 'table'],
    persist=['persist', 'show'],
    history=['history'],
    export=['export'],
)


def main():
    """Runs the module."""
    module = make_module(dict(
        gather=dict(type='list', elements='str', choices=sorted(COMMANDS), default=['inventory']),
        facts=dict(type='bool', default=False),
    ), changes=False)
    vfctl = Vfctl(module)
    info = dict((name, vfctl.look(COMMANDS[name])) for name in module.params['gather'])
    more = dict(ansible_facts=dict(vfctl=info)) if module.params['facts'] else {}
    vfctl.exit(info=info, version=vfctl.version(), **more)


if __name__ == '__main__':
    main()
