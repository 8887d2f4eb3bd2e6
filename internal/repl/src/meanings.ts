import { type Expression, type Node, type Program, parse, type Super } from 'acorn';
import { prototypeOf } from './prototype-text.js';

/** The meaning of a number: a status, or a handle if there is one with this value. */
export type Meaning = 'status' | 'handle';

const handleProperties = new Set(['port', 'afd', 'socket', 'Handle']);
const statusProperties = new Set(['Status', 'cause']);
const methods: Readonly<Record<string, Meaning>> = {
  readPointer: 'handle',
  readU64: 'handle',
  baseHandle: 'handle',
  nextStatus: 'status',
};

function ofCall(name: string): Meaning | undefined {
  switch (prototypeOf(name)?.returns) {
    case 'NTSTATUS':
      return 'status';
    case 'HANDLE':
    case 'SOCKET':
      return 'handle';
    default:
      return methods[name];
  }
}

/** The name at the end of `f` or `a.b.f`. */
function lastName(node: Expression | Super): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type !== 'MemberExpression' || node.computed) return undefined;
  return node.property.type === 'Identifier' ? node.property.name : undefined;
}

/**
 * The meanings of the numbers in a prompt. A number has a meaning only by its source: a typed call,
 * or a variable to which the result of a call was assigned. Any other number has no meaning.
 */
export class Meanings {
  readonly #variables = new Map<string, Meaning>();

  /**
   * Processes a line that was typed and evaluated.
   *
   * @returns the meaning of its value
   */
  learn(source: string): Meaning | undefined {
    let program: Program;
    try {
      program = parse(source, { ecmaVersion: 'latest', allowAwaitOutsideFunction: true });
    } catch {
      return undefined;
    }
    let last: Meaning | undefined;
    for (const statement of program.body) {
      this.#forgetInside(statement);
      if (statement.type === 'VariableDeclaration') {
        for (const { id, init } of statement.declarations) {
          if (id.type === 'Identifier') this.#assign(id.name, init ? this.#of(init) : undefined);
        }
        last = undefined;
      } else {
        last =
          statement.type === 'ExpressionStatement' ? this.#of(statement.expression) : undefined;
      }
    }
    return last;
  }

  #assign(name: string, meaning: Meaning | undefined): void {
    if (meaning === undefined) this.#variables.delete(name);
    else this.#variables.set(name, meaning);
  }

  #of(node: Expression): Meaning | undefined {
    switch (node.type) {
      case 'Identifier':
        return /^STATUS_/.test(node.name) ? 'status' : this.#variables.get(node.name);
      case 'MemberExpression': {
        const name = lastName(node) ?? '';
        if (statusProperties.has(name)) return 'status';
        return handleProperties.has(name) ? 'handle' : undefined;
      }
      case 'CallExpression': {
        const name = lastName(node.callee) ?? '';
        const [argument] = node.arguments;
        const isConversion = /^(Number|BigInt)$/.test(name) && argument !== undefined;
        if (isConversion && argument.type !== 'SpreadElement') return this.#of(argument);
        return ofCall(name);
      }
      case 'AwaitExpression':
        return this.#of(node.argument);
      case 'AssignmentExpression': {
        const meaning = node.operator === '=' ? this.#of(node.right) : undefined;
        if (node.left.type === 'Identifier') this.#assign(node.left.name, meaning);
        return meaning;
      }
      default:
        return undefined;
    }
  }

  /** A variable loses its meaning if an expression changes it that this class does not analyse. */
  #forgetInside(node: Node): void {
    const { type, left, argument } = node as Node & { left?: Expression; argument?: Expression };
    const changed = type === 'UpdateExpression' ? argument : left;
    if (/^(Assignment|Update)Expression$/.test(type) && changed?.type === 'Identifier') {
      this.#variables.delete(changed.name);
    }
    for (const child of Object.values(node).flat()) {
      if (typeof child?.type === 'string') this.#forgetInside(child as Node);
    }
  }
}
