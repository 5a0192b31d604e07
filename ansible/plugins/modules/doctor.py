#!/usr/bin/python
# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

DOCUMENTATION = r'''
---
module: doctor
short_description: Tell what is wrong with a host
version_added: 0.1.0
description:
  - Looks at the host with C(vfctl doctor), and fails when something bad is found, so that a rollout stops there.
  - With I(fix) it puts right what vfctl can before it looks.
options:
  checks:
    description: Groups and checks, for example C(iommu) or C(sriov.pf-up). All, when it is left out.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The least bad verdict to fail on.
      - C(error) is also what is dangerous. C(could-not-look) is less bad than C(warning).
    type: str
    choices: [error, warning, could-not-look, never]
    default: error
  fix:
    description: Whether to put right what can be. What the admin may have meant only where its check or group is in I(checks).
    type: bool
    default: false
extends_documentation_fragment:
  - vfctl.vfctl.common
  - vfctl.vfctl.common.change
'''

EXAMPLES = r'''
- name: The rollout stops at a host that is not well
  vfctl.vfctl.doctor:

- name: Only look, and go on
  vfctl.vfctl.doctor:
    checks: [iommu, libvirt]
    fail_on: never
  register: health
'''

RETURN = r'''
verdict:
  description: How the host is.
  returned: when vfctl could look
  type: str
  sample: ok
counts:
  description: How many findings there are of each kind.
  returned: when vfctl could look
  type: dict
findings:
  description: The findings that are not well, with evidence, meaning and what to type.
  returned: when vfctl could look
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

from ansible_collections.vfctl.vfctl.plugins.module_utils.vfctl import make_module, Vfctl

VERDICTS = ['ok', 'could-not-look', 'warning', 'error']


def main():
    """Runs the module."""
    module = make_module(dict(
        checks=dict(type='list', elements='str', default=[]),
        fail_on=dict(type='str', choices=['error', 'warning', 'could-not-look', 'never'], default='error'),
        fix=dict(type='bool', default=False),
    ))
    params = module.params
    vfctl = Vfctl(module)
    if params['fix']:
        vfctl.change(['doctor', '--fix'], params['checks'])
    # 11 to 13 are verdicts, not errors.
    told = vfctl.look(['doctor'], params['checks'], ok=(0, 11, 12, 13))
    verdict = told['verdict']
    findings = [one for one in told['findings'] if one['status'] != 'ok']
    vfctl.more = dict(verdict=verdict, counts=told['counts'], findings=findings)
    if params['fail_on'] != 'never' and VERDICTS.index(verdict) >= VERDICTS.index(params['fail_on']):
        vfctl.fail('vfctl doctor: %s\n%s' % (verdict, '\n'.join(finding_text(one) for one in findings)))
    vfctl.exit()


def finding_text(finding):
    """One finding: what, of what, and what helps."""
    subject = '' if finding['subject'] is None else ' %s:' % finding['subject']
    advice = '' if finding['fix'] is None else '\n  fix: %s%s' % (finding['fix']['advice'], ''.join('\n    ' + line for line in finding['fix']['commands']))
    return '%s (%s)%s %s%s' % (finding['id'], finding['severity'] or 'could not look', subject, finding['what'], advice)


if __name__ == '__main__':
    main()
