// Evaluates the typed lines: Node's own REPL, in Windows Node. If there is a terminal, another
// program owns it and forwards every key as the terminal sent it; see terminal-front.ts.
import type { EventEmitter } from 'node:events';
import { release } from 'node:os';
import { clearLine, cursorTo } from 'node:readline';
import repl, { type REPLEval, type REPLServer } from 'node:repl';
import { inspect } from 'node:util';
import { startTrace, type Trace } from 'nt-trace';
import { NtClose } from 'ntdllx';
import { wineVersion } from 'ntdllx/probe';
import { defineCommands } from './commands.js';
import { completePrototypes } from './completion.js';
import { endMark } from './end-mark.js';
import { type Meaning, Meanings } from './meanings.js';
import { TypedInput } from './resize.js';
import { makeScope } from './scope.js';
import { readSettings, type Settings } from './settings.js';
import { type LineOutput, TraceLines } from './trace-lines.js';
import { Literal, meaningText, showStructs } from './value-text.js';

// The reader has closed the pipe (`| head`): input is still evaluated.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const settings = readSettings(process.argv.slice(2));
const { terminal } = settings;
const isColored = (terminal?.colorDepth ?? 1) > 1;

/** This program's streams, which look like those of a terminal. */
function openStreams({ terminal }: Settings) {
  const output = process.stdout;
  if (terminal === undefined) return { input: process.stdin, output };
  const { columns, rows, colorDepth } = terminal;
  const has = { columns, rows, isTTY: true, getColorDepth: () => colorDepth };
  Object.assign(output, has, { hasColors: (count = 16) => count <= 2 ** colorDepth });
  const input = new TypedInput((size) => {
    Object.assign(output, size);
    output.emit('resize');
  });
  return { input: process.stdin.pipe(input), output };
}

const { input, output } = openStreams(settings);

/** Without a terminal, standard output contains only results. */
const lineOutput: LineOutput = {
  write: (text) => (terminal === undefined ? process.stderr : output).write(text),
  aside(write) {
    if (terminal === undefined) return write();
    cursorTo(output, 0);
    clearLine(output, 0);
    write();
    server.prompt(true);
  },
};

const lines = new TraceLines(lineOutput, isColored);
const trace: Trace = startTrace({ keep: false, onRecord: (record) => lines.write(record) });
const scope = makeScope();
const meanings = new Meanings();
/** The meaning of the value that is written next. */
let meaning: Meaning | undefined;

const nameOf = (value: bigint) => trace.openHandles().find(({ handle }) => handle === value)?.name;

function writeValue(value: unknown): string {
  const text = meaningText(value, meaning, nameOf);
  const shown = text === undefined ? value : new Literal(text);
  return inspect(shown, { colors: isColored, showProxy: true });
}

function sayHello(): void {
  const host = wineVersion() === undefined ? `Windows ${release()}` : `Wine ${wineVersion()}`;
  output.write(
    `Windows NT at a prompt: ntdllx (${settings.build} build), Windows Node ${process.versions.node}, ` +
      `${host}.\nThe prompt rejects addresses outside allocated blocks. It does not detect other mistakes, such as ` +
      'a wrong handle.\n.help lists the names in scope; .example port is the first example.\n',
  );
}

/** Wraps Node's own evaluation to inform the trace and the writer. */
function watchEvaluation(server: REPLServer): void {
  const evaluate = server.eval as unknown as (...args: Parameters<REPLEval>) => void;
  const watched: REPLEval = (source, context, file, done) => {
    lines.begin();
    const finish: typeof done = (error, value) => {
      trace.flush();
      meaning = error === null ? meanings.learn(source) : undefined;
      done(error, value);
      meaning = undefined;
    };
    evaluate.call(server, source, context, file, finish);
  };
  Object.defineProperty(server, 'eval', { value: watched });
  // An error does not go through `done`, but a prompt always follows.
  const { displayPrompt } = server;
  server.displayPrompt = (preserveCursor) => {
    trace.flush();
    lines.end();
    displayPrompt.call(server, preserveCursor);
  };
}

/**
 * Closes everything that is open, and names the objects that the user may have wanted to close.
 */
function closeEverything(): void {
  lines.isOn = false;
  const closed: string[] = [];
  try {
    closed.push(...scope.close());
  } catch (error) {
    lineOutput.write(`${(error as Error).message}\n`);
  }
  // Sockets close with the process; a request may still use a port that is left open.
  for (const { handle, name } of trace.openHandles()) {
    if (name.startsWith('socket')) continue;
    NtClose(Number(handle));
    closed.push(`${name} (0x${handle.toString(16)})`);
  }
  if (closed.length > 0 && terminal !== undefined) output.write(`Closed: ${closed.join(', ')}\n`);
}

showStructs();
if (terminal !== undefined) sayHello();
const server = repl.start({
  prompt: terminal === undefined ? '' : 'nt> ',
  input,
  output,
  terminal: terminal !== undefined,
  useColors: isColored,
  useGlobal: true,
  // No preview: it would evaluate the unfinished line, which could call NT.
  preview: false,
  // Lets Ctrl-C end an await, too.
  breakEvalOnSigint: terminal !== undefined,
  writer: writeValue,
});
for (const [name, value] of Object.entries(scope.names)) {
  Object.defineProperty(server.context, name, { value, writable: true, configurable: true });
}
watchEvaluation(server);
defineCommands(server, lines);
if (terminal !== undefined) {
  completePrototypes(server, isColored);
  server.setupHistory(settings.history ?? '', () => {});
}
/** True from a typed line until Node has written it to the history file, some milliseconds later. */
let isLineUnsaved = false;
if (terminal !== undefined && settings.history !== undefined) {
  server.on('line', () => (isLineUnsaved = true));
  // Node emits it after a write, if no other line is to be written.
  (server as EventEmitter).on('flushHistory', () => (isLineUnsaved = false));
}
// Runs at every exit, because a typed line may call process.exit.
if (terminal !== undefined) process.on('exit', () => output.write(endMark));
server.on('exit', () => {
  closeEverything();
  // The line that ends the prompt is still to be written. If the file cannot be written, the prompt
  // ends without it.
  process.nextTick(() => {
    if (!isLineUnsaved) process.exit();
    (server as EventEmitter).once('flushHistory', () => process.exit());
    setTimeout(() => process.exit(), 500);
  });
});
