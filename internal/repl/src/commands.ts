import type { REPLServer } from 'node:repl';
import { prototypes } from 'ntdllx/trace';
import { examples } from './examples.js';
import { prototypeOf, prototypeText } from './prototype-text.js';
import type { TraceLines } from './trace-lines.js';

/** The output of `.proto`. */
export function protoCommand(name: string): string {
  const prototype = prototypeOf(name);
  if (prototype !== undefined) return `${prototypeText(name, prototype)}  (${prototype.dll})`;
  const all = Object.keys(prototypes);
  const alike = all.filter((each) => each.toLowerCase().startsWith(name.toLowerCase()));
  const list = (alike.length > 0 ? alike : all).join(', ');
  return name === ''
    ? `.proto NAME: one of ${list}`
    : `No function ${name} has a prototype here. Known: ${list}`;
}

const exampleList = Object.entries(examples)
  .map(([name, { title, lines }]) => `.example ${name}: ${title}\n    ${lines.join('\n    ')}\n`)
  .join('\n');

const helpText = `
In scope: all of ntdllx, ntdllx/kernel32, tofu-sockets and afd-poller, RawPoller, and
  poll(skt, mask)   submits one raw AFD_POLL; wait(limitMs) of its result removes the packet, default 10 s
Tab completes names; after NtClose( or a comma it shows the prototype.

${exampleList}`;

/** The prompt's own commands. */
export function defineCommands(server: REPLServer, lines: TraceLines): void {
  const say = (text: string) => {
    server.output.write(`${text}\n`);
    server.displayPrompt();
  };
  server.defineCommand('trace', {
    help: 'Print each NT call, or stop that: .trace on, .trace off',
    action(given) {
      const wanted = given.trim();
      if (wanted !== '') {
        if (wanted !== 'on' && wanted !== 'off')
          return say('.trace needs on or off: .trace on, .trace off');
        lines.isOn = wanted === 'on';
      }
      return say(`NT calls are ${lines.isOn ? 'printed' : 'not printed'}.`);
    },
  });
  server.defineCommand('proto', {
    help: 'Show the parameters of a function: .proto NtClose',
    action: (name) => say(protoCommand(name.trim())),
  });
  server.defineCommand('example', {
    help: `Type an example and run it: ${Object.keys(examples).join(', ')}`,
    action(given) {
      const name = given.trim();
      const example = Object.hasOwn(examples, name) ? examples[name] : undefined;
      if (example === undefined) {
        return say(
          `.example needs a name: ${Object.keys(examples).join(', ')}. .help shows the examples.`,
        );
      }
      server.displayPrompt();
      // No line contains an await, so each has finished before the next one is typed.
      for (const line of example.lines) server.write(`${line}\n`);
    },
  });
  const { action } = server.commands['help'] as NonNullable<(typeof server.commands)['help']>;
  server.defineCommand('help', {
    help: 'Print this help message',
    action(text) {
      const { displayPrompt } = server;
      server.displayPrompt = () => {};
      try {
        action.call(this, text);
      } finally {
        server.displayPrompt = displayPrompt;
      }
      say(helpText);
    },
  });
}
