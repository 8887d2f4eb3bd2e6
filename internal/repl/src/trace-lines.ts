import { styleText } from 'node:util';
import { formatRecord, type TraceRecord } from 'nt-trace';

type Style = 'dim' | 'cyan' | 'red' | 'yellow';

/** A record as a line: in colour, what it is about stands out, and the rest is dim. */
export function traceLine(record: TraceRecord, originUs: number, isColored: boolean): string {
  const line = formatRecord(record, { originUs });
  if (!isColored) return line;
  const paint = (style: Style, text: string) => styleText(style, text, { validateStream: false });
  if (record.kind === 'packet') return paint('cyan', line);
  const { function: name, result } = record;
  const at = line.indexOf(`${name}(`);
  const mark = `) = ${result.text}`;
  const end = line.lastIndexOf(mark);
  const start = end + mark.length - result.text.length;
  return [
    paint('dim', line.slice(0, at)),
    paint('cyan', name),
    paint('dim', line.slice(at + name.length, start)),
    styleOf(result.text, (style, text) => paint(style, text)),
    paint('dim', line.slice(end + mark.length)),
  ].join('');
}

/** What succeeded is calm; what has to be looked at is not. */
function styleOf(result: string, paint: (style: Style, text: string) => string): string {
  if (/^(STATUS_TIMEOUT|STATUS_PENDING|WAIT_TIMEOUT)$/.test(result)) return paint('yellow', result);
  const isFailure = /^(STATUS_(?!SUCCESS)|0x[c8]|SOCKET_ERROR|INVALID_SOCKET|WAIT_FAILED)/i;
  return isFailure.test(result) ? paint('red', result) : result;
}

/** Where lines go that are written while the user may be typing. */
export interface LineOutput {
  write(text: string): unknown;
  /** Takes the line that is being typed away, and puts it back. */
  aside(write: () => void): void;
}

/** Writes the NT calls of a prompt, each as soon as it returned. */
export class TraceLines {
  /** Whether lines are written. Names are learnt all the same. */
  isOn = true;
  /** Whether something is being evaluated: then no input line is shown. */
  #isBusy = false;
  readonly #originUs = Number(process.hrtime.bigint()) / 1_000;
  readonly #output: LineOutput;
  readonly #isColored: boolean;

  constructor(output: LineOutput, isColored: boolean) {
    this.#output = output;
    this.#isColored = isColored;
  }

  /** An evaluation begins. */
  begin(): void {
    this.#isBusy = true;
  }

  /** The prompt is about to be shown. */
  end(): void {
    this.#isBusy = false;
  }

  write(record: TraceRecord): void {
    if (!this.isOn) return;
    const line = `${traceLine(record, this.#originUs, this.#isColored)}\n`;
    if (this.#isBusy) this.#output.write(line);
    else this.#output.aside(() => this.#output.write(line));
  }
}
