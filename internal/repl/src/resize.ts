import { Transform, type TransformCallback } from 'node:stream';

/** How large a terminal is, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const introducer = '\u001b';

/**
 * The new size of a terminal among what was typed there: xterm's own report of it. Sent in one write, and
 * no key sends it, so that it neither is split nor taken for one.
 */
export const resizeText = ({ columns, rows }: TerminalSize) =>
  `${introducer}[8;${rows};${columns}t`;

const resizes = new RegExp(`${introducer}\\[8;(\\d+);(\\d+)t`, 'g');

/** What was typed, without the reports of a new size, which it passes on. */
export class TypedInput extends Transform {
  readonly #onResize: (size: TerminalSize) => void;

  constructor(onResize: (size: TerminalSize) => void) {
    super();
    this.#onResize = onResize;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // Latin-1 keeps every byte: a chunk may end inside a character.
    const typed = chunk.toString('latin1').replace(resizes, (_, rows, columns) => {
      this.#onResize({ columns: Number(columns), rows: Number(rows) });
      return '';
    });
    done(null, Buffer.from(typed, 'latin1'));
  }
}
