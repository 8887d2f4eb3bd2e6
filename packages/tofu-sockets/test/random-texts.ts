import type { Choices } from 'test-kit';

// Random texts that are valid addresses or nearly so. The same random choices give the same texts.
// fast-check could also shrink them, but takes minutes for a million texts.

const tokens = [
  'tcp',
  'uds',
  '|',
  '||',
  '127.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '::',
  '::1',
  'fe80::1%5',
  '%',
  'localhost',
  'example.org',
  '.',
  '-',
  '_',
  '0',
  '80',
  '65535',
  '65536',
  '0x7f',
  '00',
  ' ',
  '\n',
  '\0',
  '\ud800',
  '\udc00',
  '\u00e9',
  '\ud83d\ude00',
  '\uff11',
  'xn--',
  'x'.repeat(63),
  'y'.repeat(107),
  'C:\\tmp\\',
  '/',
];
const alphabet = '|.:%-_0123456789abcdefxyzTCPuds /\\\n\0\u00e9\u3002\uff0e\ud800\udc00';
const nameLetters = 'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789';

/** Makes texts, without end. */
export class RandomTexts {
  readonly #choices: Choices;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  next(): string {
    const choice = this.#upTo(9);
    if (choice < 2) return this.valid();
    if (choice < 6) return this.#mutate(this.valid());
    if (choice < 8) return this.#joined();
    return this.#characters(this.#upTo(40));
  }

  /** A text that is valid for a client and, unless its host is a name, for a server. */
  valid(): string {
    if (this.#upTo(3) === 0) return `uds|${this.#path()}`;
    return `tcp|${this.#host()}|${1 + this.#upTo(65_534)}`;
  }

  #host(): string {
    const choice = this.#upTo(3);
    if (choice === 0) return this.#name();
    if (choice === 1)
      return `${1 + this.#upTo(222)}.${this.#byte()}.${this.#byte()}.${this.#byte()}`;
    const groups = Array.from({ length: 8 }, () => this.#upTo(0xffff).toString(16));
    // Neither :: nor a multicast address.
    groups[0] = '2001';
    if (choice === 2) return groups.join(':');
    const cut = 1 + this.#upTo(5);
    const zone = this.#upTo(2) === 0 ? `%${1 + this.#upTo(0xffff)}` : '';
    return `${groups.slice(0, cut).join(':')}::${groups.slice(cut + 2).join(':')}${zone}`;
  }

  #name(): string {
    const labels = Array.from({ length: 1 + this.#upTo(3) }, () => {
      const inner = Array.from({ length: this.#upTo(6) }, () => this.#letter()).join('');
      return `${this.#letter()}${inner}${this.#letter()}`;
    });
    // The last one must not look like a number.
    return `${labels.join('.')}.q${this.#letter()}${this.#upTo(4) === 0 ? '.' : ''}`;
  }

  #path(): string {
    const pieces = ['a', '/', '\\', '|', ' ', '.', '\u00e9', '\ud83d\ude00', 'C:', '~', '%'];
    return Array.from({ length: 1 + this.#upTo(25) }, () => this.#oneOf(pieces)).join('');
  }

  #mutate(text: string): string {
    let mutated = text;
    for (let count = this.#upTo(2); count >= 0; count -= 1) {
      const at = this.#upTo(mutated.length);
      const [before, after] = [mutated.slice(0, at), mutated.slice(at)];
      const how = this.#upTo(4);
      if (how === 0) mutated = before + after.slice(1);
      else if (how === 1) mutated = before + this.#characters(1) + after;
      else if (how === 2) mutated = before + this.#oneOf(tokens) + after.slice(1);
      else if (how === 3) mutated = before;
      else mutated = `${before}${before.slice(-5)}${after}`;
    }
    return mutated;
  }

  #joined(): string {
    return Array.from({ length: this.#upTo(8) }, () => this.#oneOf(tokens)).join('');
  }

  #characters(length: number): string {
    let text = '';
    for (let count = 0; count < length; count += 1) {
      const isNear = this.#upTo(1) === 0;
      text += isNear
        ? alphabet.charAt(this.#upTo(alphabet.length - 1))
        : String.fromCharCode(this.#upTo(0xffff));
    }
    return text;
  }

  #letter = () => nameLetters.charAt(this.#upTo(nameLetters.length - 1));
  #byte = () => this.#upTo(255);
  #oneOf = (list: readonly string[]) => list[this.#upTo(list.length - 1)] as string;
  #upTo = (most: number) => this.#choices.below(most + 1);
}
