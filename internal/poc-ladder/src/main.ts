import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { guardOutput, parsePort, UsageError } from 'poc-kit';
import { toWindowsPath, WinnodeError } from 'winnode';
import {
  type Build,
  builds,
  isLadderPassed,
  runEchoServer,
  runLadder,
  type StageResult,
} from './ladder.js';
import { reportRun } from './report-run.js';
import { stages } from './stages.js';

function requireKnown<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError(`${flag} needs one of ${known.join(', ')}; got "${value}".`);
}

const known =
  '--stage, --build, --external, --port, --json, --serve, --address, --trace, --trace-file, ' +
  '--no-report, --thorough';

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        stage: { type: 'string', multiple: true },
        build: { type: 'string', multiple: true },
        external: { type: 'boolean', default: false },
        port: { type: 'string' },
        json: { type: 'boolean', default: false },
        serve: { type: 'boolean', default: false },
        address: { type: 'string' },
        trace: { type: 'boolean', default: false },
        'trace-file': { type: 'string' },
        'no-report': { type: 'boolean', default: false },
        thorough: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw UsageError.from(error, `Known: ${known}.`);
  }
}

function printSummary(results: readonly StageResult[]): void {
  process.stdout.write('\n');
  const width = Math.max(10, ...results.map(({ stage }) => stage.length + 1));
  for (const result of results) {
    const end = result.signal ?? `code ${result.exitCode}`;
    const word = result.verdict?.verdict ?? `ended by ${end}, without a verdict`;
    const time = result.verdict === undefined ? '' : `${result.verdict.durationMs} ms`;
    const why = result.verdict?.reason ? `  ${result.verdict.reason}` : '';
    process.stdout.write(
      `${result.stage.padEnd(width)}${result.build.padEnd(10)}${word.padEnd(13)}${time}${why}\n`,
    );
  }
}

/** Formats a result as JSON, without the trace, which only the report needs. */
function toJson({ trace: _, ...result }: StageResult): string {
  return JSON.stringify(result);
}

type Flags = ReturnType<typeof parse>;

/** Arguments for the stage's process, with paths in Windows' form. */
function traceArguments(flags: Flags): string[] {
  const file = flags['trace-file'];
  if (file === '') throw new UsageError('--trace-file needs the name of a file.');
  return [
    ...(flags.trace ? ['--trace'] : []),
    ...(file === undefined ? [] : [`--trace-file=${toWindowsPath(resolve(file))}`]),
  ];
}

async function serve(flags: Flags): Promise<number> {
  const { stage, port, external, json, address } = flags;
  if (stage !== undefined || port !== undefined || external || json || flags.thorough) {
    throw new UsageError(
      '--serve can be combined only with --address, --build, --trace and --trace-file.',
    );
  }
  const [build = 'release', ...more] = flags.build ?? [];
  if (more.length > 0) throw new UsageError('--serve runs one build: give --build only once.');
  return runEchoServer(
    requireKnown('--build', build, builds),
    [...(address === undefined ? [] : [`--address=${address}`]), ...traceArguments(flags)],
    (line) => process.stderr.write(`${line}\n`),
  );
}

async function main(args: readonly string[]): Promise<number> {
  const values = parse(args);
  if (values.serve) return serve(values);
  if (values.address !== undefined)
    throw new UsageError('--address can only be used with --serve.');
  const names = stages.map(({ name }) => name);
  const asked = values.stage?.map((name) => requireKnown('--stage', name, names));
  const askedBuilds = values.build?.map((name): Build => requireKnown('--build', name, builds));
  if (values.external && asked === undefined) {
    throw new UsageError(
      '--external waits for a client that you start: name the stage, for example --stage 1-iocp.',
    );
  }
  if (values['trace-file'] !== undefined && !(asked?.length === 1 && askedBuilds?.length === 1)) {
    throw new UsageError('--trace-file records one run: give exactly one --stage and one --build.');
  }
  if (values.port !== undefined) parsePort(values.port);
  const date = new Date();
  const results = await runLadder({
    ...(asked === undefined ? {} : { stages: asked }),
    ...(askedBuilds === undefined ? {} : { builds: askedBuilds }),
    arguments: [
      ...(values.external ? ['--external'] : []),
      ...(values.port === undefined ? [] : ['--port', values.port]),
    ],
    traceArguments: traceArguments(values),
    isThorough: values.thorough,
    isTraceKept: !values['no-report'],
    print: (line) => process[values.json ? 'stderr' : 'stdout'].write(`${line}\n`),
  });
  if (values.json) for (const result of results) process.stdout.write(`${toJson(result)}\n`);
  else printSummary(results);
  if (!values['no-report']) {
    const { line, isWritten } = reportRun(results, date);
    process[values.json || !isWritten ? 'stderr' : 'stdout'].write(`\n${line}\n`);
  }
  const last = results.at(-1);
  if (last === undefined || last.signal !== null) return last?.exitCode ?? 1;
  return isLadderPassed(results) ? 0 : 1;
}

guardOutput();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } else if (error instanceof WinnodeError) {
    process.stderr.write(`${error.message}\n${error.hint}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
