# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""What the documentation of the modules has in common."""


class ModuleDocFragment:
    """Options of every module."""

    DOCUMENTATION = r'''
options:
  executable:
    description: vfctl on the host, as a path, or a name that is looked for in the PATH.
    type: path
    default: vfctl
  connect:
    description: URI of libvirt. When it is left out, vfctl takes C(qemu:///system).
    type: str
requirements:
  - vfctl on the host
author:
  - The vfctl authors (@vfctl)
'''

    # Modules that change the host.
    CHANGE = r'''
options:
  accept_risks:
    description:
      - Risks that vfctl may take where it would refuse otherwise, by name.
      - See C(docs/exit-codes.md) of vfctl for the names.
    type: list
    elements: str
    default: []
  lock_timeout:
    description: Seconds to wait for another vfctl that is at work on the host.
    type: int
    default: 300
notes:
  - Changing the host needs root, so I(become) as a rule. Check mode needs it only to see everything.
  - Every change is an operation in the journal of vfctl, and C(vfctl undo) takes it back.
attributes:
  check_mode:
    description: Makes the plan (C(--dry-run)) and changes nothing.
    support: full
  diff_mode:
    description: Tells for every step of the plan what vfctl finds and what it makes.
    support: full
'''

    # Modules that only look.
    LOOK = r'''
attributes:
  check_mode:
    description: It changes nothing in any case.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
'''

    # Settings of a VF on its PF.
    SETTINGS = r'''
options:
  mac:
    description:
      - MAC address, unicast.
      - In quotes. Without them YAML takes C(52:54:00:12:34:56) for a number in base 60.
    type: str
  vlan:
    description: Port VLAN, 0 to 4094. 0 is none.
    type: int
  qos:
    description: Priority in the VLAN tag, 0 to 7. Needs I(vlan).
    type: int
  vlan_proto:
    description: Protocol of the VLAN tag. Needs I(vlan).
    type: str
    choices: ['802.1q', '802.1ad']
  spoofchk:
    description: Whether frames with a foreign source MAC are dropped.
    type: bool
  trust:
    description: Whether the VF may set promiscuous mode and its own MAC.
    type: bool
  min_tx_rate:
    description: Guaranteed Mbit/s. 0 is none.
    type: int
  max_tx_rate:
    description: Limit in Mbit/s. 0 is none.
    type: int
  link_state:
    description: Link that the VF sees.
    type: str
    choices: [auto, enable, disable]
'''
