import { styleText } from 'node:util';
import { formatRecord, type TraceRecord } from 'nt-trace';

type Style = 'dim' | 'cyan' | 'red' | 'yellow';

/**
 * Formats a record as a line: with colour, the important parts are highlighted and the rest is
 * dim.
 */
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

/** Success is plain; a result that needs attention is highlighted. */
function styleOf(result: string, paint: (style: Style, text: string) => string): string {
  if (/^(STATUS_TIMEOUT|STATUS_PENDING|WAIT_TIMEOUT)$/.test(result)) return paint('yellow', result);
  const isFailure = /^(STATUS_(?!SUCCESS)|0x[c8]|SOCKET_ERROR|INVALID_SOCKET|WAIT_FAILED)/i;
  return isFailure.test(result) ? paint('red', result) : result;
}

/** The output for lines that are written while the user may be typing. */
export interface LineOutput {
  write(text: string): unknown;
  /** Hides the line that is being typed, and restores it afterwards. */
  aside(write: () => void): void;
}

/** Writes the NT calls of a prompt, each as soon as it has returned. */
export class TraceLines {
  /** Whether lines are written. Names are recorded in any case. */
  isOn = true;
  /** Whether a line is being evaluated: then no input line is shown. */
  #isBusy = false;
  readonly #originUs = Number(process.hrtime.bigint()) / 1_000;
  readonly #output: LineOutput;
  readonly #isColored: boolean;

  constructor(output: LineOutput, isColored: boolean) {
    this.#output = output;
    this.#isColored = isColored;
  }

  /** Called when an evaluation begins. */
  begin(): void {
    this.#isBusy = true;
  }

  /** Called before the prompt is shown. */
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
