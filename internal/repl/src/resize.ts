import { Transform, type TransformCallback } from 'node:stream';

/** The size of a terminal in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const introducer = '\u001b';

/**
 * The new size of a terminal, inserted into the typed input in xterm's own form. It is written in
 * one piece and no key sends it, so it is neither split nor taken for a key.
 */
export const resizeText = ({ columns, rows }: TerminalSize) =>
  `${introducer}[8;${rows};${columns}t`;

const resizes = new RegExp(`${introducer}\\[8;(\\d+);(\\d+)t`, 'g');

/** The typed input without the size reports, which it forwards separately. */
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
