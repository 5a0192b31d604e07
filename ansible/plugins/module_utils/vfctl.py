# Copyright: The vfctl authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""Calls vfctl, and makes what it says into what Ansible says.

vfctl plans, checks and verifies. Nothing of that is done here a second time: names and values go to it
as they came, as an argument vector, and what it answers in JSON is the truth about what changed.
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes, to_text

COMMON_ARGUMENTS = dict(
    executable=dict(type='path', default='vfctl'),
    connect=dict(type='str'),
)

CHANGE_ARGUMENTS = dict(
    accept_risks=dict(type='list', elements='str', default=[]),
    lock_timeout=dict(type='int', default=300),
)

SETTING_ARGUMENTS = dict(
    mac=dict(type='str'),
    vlan=dict(type='int'),
    qos=dict(type='int'),
    vlan_proto=dict(type='str', choices=['802.1q', '802.1ad']),
    spoofchk=dict(type='bool'),
    trust=dict(type='bool'),
    min_tx_rate=dict(type='int'),
    max_tx_rate=dict(type='int'),
    link_state=dict(type='str', choices=['auto', 'enable', 'disable']),
)


def make_module(arguments, changes=True, **rest):
    """The AnsibleModule with the options that all modules have."""
    return AnsibleModule(
        argument_spec=dict(COMMON_ARGUMENTS, **dict(CHANGE_ARGUMENTS if changes else {}, **arguments)),
        supports_check_mode=True,
        **rest
    )


def option(name, value):
    """An option as words: none for None, --name or --no-name for a switch, one word for each of a list."""
    flag = name.replace('_', '-')
    if value is None:
        return []
    if isinstance(value, bool):
        return ['--' + flag if value else '--no-' + flag]
    if isinstance(value, list):
        return ['--%s=%s' % (flag, to_text(one)) for one in value]
    return ['--%s=%s' % (flag, to_text(value))]


def setting_options(params):
    """The settings of a VF as vfctl takes them: on and off, not true and false."""
    words = []
    for name in SETTING_ARGUMENTS:
        value = params[name]
        words += option(name, ('on' if value else 'off') if isinstance(value, bool) else value)
    return words


def document(params):
    """The host file that a task gives: its text for standard input and None, or None and its path on the host.

    JSON is YAML, so that a dictionary needs no YAML library on the host.
    """
    if params.get('src') is not None:
        return None, params['src']
    if params.get('spec') is not None:
        return json.dumps(params['spec']), '-'
    if params.get('content') is not None:
        return params['content'], '-'
    return None, None


class Vfctl:
    """vfctl on this host, and what it did in this task."""

    def __init__(self, module):
        self.module = module
        self.changed = False
        self.steps = []
        self.operations = []
        self.more = {}
        self._before = []
        self._after = []
        self._warned = set()

    def look(self, words, names=(), ok=(0,)):
        """A command that changes nothing; its JSON."""
        return self._call(words, names, ok=ok)

    def change(self, words, names=(), stdin=None, absent=()):
        """A command that changes the host, or with check mode only plans to.

        Error codes in C(absent) say that there is nothing to take away: then nothing changes.
        """
        params = self.module.params
        words = words + option('accept_risk', params['accept_risks']) + option('lock_timeout', params['lock_timeout']) + ['--yes']
        if self.module.check_mode:
            words.append('--dry-run')
        answer = self._call(words, names, stdin=stdin, absent=absent)
        if answer is not None:
            self._take(answer)
        return answer

    def version(self):
        """The version of vfctl, which it tells as text."""
        out = self.module.run_command([self._program(self.module.params['executable']), '--version'])[1]
        return out.strip()

    def build(self, words):
        """A command that makes something of vfctl's own and has no plan."""
        if not self.module.check_mode:
            answer = self._call(words, ())
            self.changed = True
            return answer
        self.changed = True
        return None

    def exit(self, **more):
        """Ends the task with what was done."""
        self.module.exit_json(**self._result(dict(self.more, **more)))

    def fail(self, msg, **more):
        """Ends the task with an error; what was done before it is told, too."""
        self.module.fail_json(msg=msg, **self._result(dict(self.more, **more)))

    def _result(self, more):
        result = dict(changed=self.changed, **more)
        # A module that only looks has no plan.
        if 'lock_timeout' in self.module.params:
            result.update(steps=self.steps, operations=self.operations)
            if self.module._diff:
                result['diff'] = dict(before=''.join(self._before), after=''.join(self._after))
        return result

    def _take(self, answer):
        # An apply may have a second operation, for what could be planned only after the first.
        for part in [answer] + ([answer['then']] if isinstance(answer.get('then'), dict) else []):
            self.changed = self.changed or part.get('changed') is True
            self.steps += part.get('steps', [])
            if part.get('operation') is not None:
                self.operations.append(part['operation'])
            plan = part.get('plan') or {}
            for warning in plan.get('warnings', []):
                self.warn(warning)
            for step, action in zip(part.get('steps', []), plan.get('actions', [])):
                before, after = states(action)
                if before != after:
                    self._before.append(lines(step['text'], before))
                    self._after.append(lines(step['text'], after))

    def warn(self, text):
        """A warning, once."""
        if text not in self._warned:
            self._warned.add(text)
            self.module.warn(text)

    def _call(self, words, names, stdin=None, ok=(0,), absent=()):
        params = self.module.params
        program = self._program(params['executable'])
        # Names come last, behind --, so that none of them is taken for an option.
        argv = [program] + words + ['--json'] + option('connect', params['connect']) + (['--'] + [to_text(name) for name in names] if names else [])
        data = None if stdin is None else to_bytes(stdin)
        status, out, err = self.module.run_command(argv, data=data, binary_data=True, environ_update=dict(LC_ALL='C.UTF-8', NO_COLOR='1'))
        try:
            answer = json.loads(out)
        except ValueError:
            self.fail('vfctl ended with %s and did not answer in JSON: %s' % (status, (err or out).strip()[-2000:]), cmd=argv, rc=status)
        if isinstance(answer, dict) and isinstance(answer.get('error'), dict):
            error = answer['error']
            if error.get('code') in absent:
                return None
            self._fail_with(error, argv, status)
        if status not in ok:
            self.fail('vfctl ended with %s: %s' % (status, err.strip()[-2000:]), cmd=argv, rc=status)
        return answer

    def _fail_with(self, error, argv, status):
        told = [error.get('message')]
        told += ['%s: %s' % (name, error[name]) for name in ('why', 'fix') if error.get(name)]
        told.append('code: %s' % error.get('code'))
        self.fail('\n'.join(to_text(line) for line in told), rc=status, cmd=argv, vfctl=dict(
            code=error.get('code'), message=error.get('message'), why=error.get('why'), fix=error.get('fix'),
            exit_status=error.get('exitStatus'), details=error.get('details'),
        ))

    def _program(self, name):
        if os.path.isabs(name):
            if os.access(name, os.X_OK):
                return name
        else:
            found = self.module.get_bin_path(name, opt_dirs=['/usr/local/bin', '/usr/local/sbin'])
            if found:
                return found
        self.fail('there is no program %s on this host\nfix: the role vfctl.vfctl.host installs vfctl; or name it with executable' % name)


def states(action):
    """What a step of a plan finds and what it makes."""
    if action.get('kind') in ('attach-device', 'detach-device'):
        xml = action.get('deviceXml')
        return (None, xml) if action['kind'] == 'attach-device' else (xml, None)
    return action.get('from'), action.get('to')


def lines(title, state):
    """A state as text that a diff can be made of line by line."""
    return '# %s\n%s' % (title, ''.join('%s\n' % line for line in value_lines(state)))


def value_lines(value, name=None):
    """Lines of one value; texts with several lines keep them."""
    prefix = '' if name is None else '%s: ' % name
    if value is None:
        return [] if name is None else ['%s(nothing)' % prefix]
    if isinstance(value, dict):
        return [line for key in sorted(value) for line in value_lines(value[key], key if name is None else '%s.%s' % (name, key))]
    if isinstance(value, list):
        return ['%s%s' % (prefix, json.dumps(one, sort_keys=True) if isinstance(one, (dict, list)) else to_text(one)) for one in value]
    if isinstance(value, bool):
        return ['%s%s' % (prefix, 'true' if value else 'false')]
    return ['%s%s' % (prefix, line) for line in to_text(value).rstrip('\n').split('\n')]
