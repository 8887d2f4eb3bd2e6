import type { CompleterResult } from 'node:readline';
import type { REPLServer } from 'node:repl';
import { styleText } from 'node:util';
import { openCallOf, prototypeOf, prototypeText } from './prototype-text.js';

type Complete = (
  line: string,
  done: (error: Error | null, result?: CompleterResult) => void,
) => void;

/**
 * Makes Tab show a function's prototype at the start of an argument, with the current parameter in
 * bold. Elsewhere Tab completes names, as in Node.
 */
export function completePrototypes(server: REPLServer, isColored: boolean): void {
  const completeNames = server.completer as unknown as Complete;
  const complete: Complete = (line, done) => {
    const call = openCallOf(line);
    const prototype = call && prototypeOf(call.name);
    if (prototype === undefined) {
      completeNames.call(server, line, done);
      return;
    }
    const bold = (text: string) =>
      isColored ? styleText('bold', text, { validateStream: false }) : `> ${text}`;
    const text = prototypeText(call?.name ?? '', prototype, call?.at, bold);
    server.output.write(`\n${text}\n`);
    server.prompt(true);
    done(null, [[], line]);
  };
  Object.defineProperty(server, 'completer', { value: complete });
}
