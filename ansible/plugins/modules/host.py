#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: host
short_description: Make a host what a host file says
version_added: 0.1.0
description:
  - Hands a host file to C(vfctl apply). What the file does not name is left as it is.
  - The file is checked by vfctl, as a whole and before anything is changed.
  - Check mode is the plan.
options:
  spec:
    description:
      - The host file as a dictionary. The keys are those of C(docs/host-file.md) of vfctl.
      - Ansible reads YAML 1.1. Write the words C("on") and C("off") and MAC addresses in quotes.
      - A value that is a template becomes text, also where vfctl wants a number. Use I(content) with a template file then.
    type: dict
  content:
    description: The host file as text.
    type: str
  src:
    description: Path of a host file on the host itself.
    type: path
  boot:
    description: Without guests, pools, leases and routes, and without asking libvirt, as the unit at boot does.
    type: bool
    default: false
  wait_pfs:
    description: Seconds to wait for the PFs of the file.
    type: int
  wait_guests:
    description: Seconds to wait for the agents of running guests.
    type: int
  guest_timeout:
    description: Seconds the guest agent may take to show a new interface. 0 does not look.
    type: int
    default: 60
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: VFs, a pool, and a guest with addresses
  vfctl.vfctl.host:
    spec:
      version: 1
      pfs:
        ens6f1: {numVfs: 4, link: up}
      pools:
        fast: {vfs: ["ens6f1#2-3"]}
      guests:
        vm0:
          vfs:
            - vf: ens6f1#0
              mac: "52:54:00:aa:00:01"
              network: {addresses: [20.0.0.3/24]}

- name: A host file made of a template
  vfctl.vfctl.host:
    content: "{{ lookup('ansible.builtin.template', 'host.yaml.j2') }}"
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

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import document, make_module, option, Vfctl


def main():
    """Runs the module."""
    module = make_module(dict(
        spec=dict(type='dict'),
        content=dict(type='str'),
        src=dict(type='path'),
        boot=dict(type='bool', default=False),
        wait_pfs=dict(type='int'),
        wait_guests=dict(type='int'),
        guest_timeout=dict(type='int', default=60),
    ), mutually_exclusive=[('spec', 'content', 'src')], required_one_of=[('spec', 'content', 'src')])
    params = module.params
    text, name = document(params)
    words = ['apply']
    for key in ('wait_pfs', 'wait_guests', 'guest_timeout'):
        words += option(key, params[key])
    if params['boot']:
        words.append('--boot')
    vfctl = Vfctl(module)
    vfctl.change(words, [name], stdin=text)
    vfctl.exit()


if __name__ == '__main__':
    main()
