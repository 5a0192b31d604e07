// Commands to a guest's agent: https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html
import type {AgentConnection} from './agent-connection.ts';
import {asAgentRefusal} from './libvirt-error.ts';
import {cString, withDomain} from './objects.ts';

// libvirt first waits 5 s for the agent to answer guest-sync, then for the command itself.
const syncMs = 5000;
const marginMs = 5000;

/** The JSON answer as text; undefined when no agent answers. Rejects with STEP_FAILED when the
 * agent reports an error, such as a command that its configuration forbids. */
export async function runAgentCommand(agent: AgentConnection, {uuid, command, timeoutMs}: {uuid: string; command: string; timeoutMs: number}): Promise<string | undefined> {
	const options = {doing: 'ask the guest agent', timeoutMs: timeoutMs + syncMs + marginMs};
	try {
		return await agent.ask(options, session => withDomain(session, uuid, options, async pointer => {
			const nativeFunction = await session.agentCommand();
			// libvirt counts whole seconds here; 0 would be no waiting at all.
			return session.call<string>(nativeFunction, [pointer, cString(command), Math.max(1, Math.ceil(timeoutMs / 1000)), 0], options);
		}));
	} catch (error) {
		throw asAgentRefusal(error);
	}
}
