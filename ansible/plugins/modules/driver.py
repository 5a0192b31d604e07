#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: driver
short_description: PF drivers that vfctl built
version_added: 0.1.0
description:
  - Builds, installs, loads and takes away the PF drivers with a view into the mailboxes of their VFs, and the module that passes frames on.
  - C(built) and what installs are for a kernel; C(loaded) and C(stock) are for the kernel that runs.
options:
  state:
    description:
      - C(built) builds them unless there is a build that is not out of date. It takes minutes and changes nothing else.
      - C(installed) lets the kernel find them from its next boot on. They must be built, here or elsewhere.
      - C(uninstalled) lets it find those of the distribution again.
      - C(loaded) exchanges the drivers that are loaded, now. Interfaces and VFs of the cards are gone for some seconds.
      - C(stock) loads those of the distribution again, now.
      - C(pruned) takes away what is left of kernels that were removed.
    type: str
    choices: [built, installed, uninstalled, loaded, stock, pruned]
    required: true
  kernel:
    description: Release of the kernel. The one that runs, when it is left out.
    type: str
  name:
    description: With C(loaded) and C(stock), C(igb), C(ixgbe) or a PF. All that are loaded and built, when it is left out.
    type: str
  drivers:
    description: With C(built), only these.
    type: list
    elements: str
    choices: [igb, ixgbe]
  source:
    description: With C(built), a kernel tree or tarball on the host. The source package of the distribution, when it is left out.
    type: path
  dkms:
    description: With C(installed) and C(uninstalled), for kernels that come later, too.
    type: bool
    default: false
  sign_key:
    description: With C(installed), private key to sign them with. A PEM file on the host, or a C(pkcs11) URI.
    type: str
  sign_cert:
    description: Certificate of the key, a file on the host.
    type: path
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: Build for the kernel that runs
  vfctl.vfctl.driver:
    state: built

- name: The next boot takes them
  vfctl.vfctl.driver:
    state: installed

- name: Exchange igb now
  vfctl.vfctl.driver:
    state: loaded
    name: igb
'''

RETURN = r'''
kernel:
  description: Release of the kernel that was built for.
  returned: with I(state=built)
  type: str
directory:
  description: Directory on the host with the build.
  returned: with I(state=built)
  type: str
  sample: /var/lib/vfctl/drivers/6.12.48+deb13-amd64
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
            state=dict(type='str', choices=['built', 'installed', 'uninstalled', 'loaded', 'stock', 'pruned'], required=True),
            kernel=dict(type='str'),
            name=dict(type='str'),
            drivers=dict(type='list', elements='str', choices=['igb', 'ixgbe']),
            source=dict(type='path'),
            dkms=dict(type='bool', default=False),
            sign_key=dict(type='str', no_log=False),
            sign_cert=dict(type='path'),
        ),
        required_together=[('sign_key', 'sign_cert')],
    )
    params = module.params
    kernel = option('kernel', params['kernel'])
    dkms = ['--dkms'] if params['dkms'] else []
    what = [] if params['name'] is None else [params['name']]
    vfctl = Vfctl(module)
    if params['state'] == 'built':
        build(vfctl, params)
    elif params['state'] == 'installed':
        vfctl.change(['driver', 'install'] + kernel + dkms + option('sign_key', params['sign_key']) + option('sign_cert', params['sign_cert']))
    elif params['state'] == 'uninstalled':
        vfctl.change(['driver', 'uninstall'] + kernel + dkms)
    elif params['state'] == 'loaded':
        vfctl.change(['driver', 'load'], what)
    elif params['state'] == 'stock':
        vfctl.change(['driver', 'restore'], what)
    else:
        prune(vfctl)
    vfctl.exit()


def build(vfctl, params):
    """Builds what is not there, or is out of date."""
    status = vfctl.look(['driver', 'status'] + option('kernel', params['kernel']))
    kernel = status['kernel']
    wanted = set(params['drivers'] or ['igb', 'ixgbe'])
    fresh = [one for one in status['builds'] if one['kernel'] == kernel and not one['stale'] and wanted <= set(one['drivers'])]
    vfctl.more = dict(kernel=kernel, directory='/var/lib/vfctl/drivers/' + kernel)
    if not fresh:
        answer = vfctl.build(['driver', 'build', '--kernel=' + kernel] + option('driver', params['drivers']) + option('source', params['source']))
        if answer is not None:
            vfctl.more['directory'] = answer['directory']
            for warning in answer['build']['warnings']:
                vfctl.warn(warning)


def prune(vfctl):
    """Takes leftovers away; builds and stored modules are no steps of the plan."""
    answer = vfctl.change(['driver', 'prune'])
    vfctl.changed = vfctl.changed or bool(answer['builds'] or answer['stored'])


if __name__ == '__main__':
    main()
