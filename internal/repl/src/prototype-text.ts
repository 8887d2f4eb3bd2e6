import { type FunctionName, type Parameter, type Prototype, prototypes } from 'ntdllx/trace';

/** The prototype of a function by name; undefined for an unknown name. */
export function prototypeOf(name: string): Prototype | undefined {
  return Object.hasOwn(prototypes, name) ? prototypes[name as FunctionName] : undefined;
}

/** The type of a parameter as in its header: `PHANDLE`, `ULONG`. */
export const headerType = ([, type, header]: Parameter): string => header ?? type;

const plain = (text: string) => text;

/**
 * Formats a prototype: each parameter by name and type, with one line for each from the third on.
 *
 * @param emphasize formats the parameter at `at`; default: like the others.
 */
export function prototypeText(
  name: string,
  { params, returns }: Prototype,
  at = -1,
  emphasize: (text: string) => string = plain,
): string {
  const list = params.map((parameter, index) => {
    const text = `${parameter[0]}: ${headerType(parameter)}`;
    return index === at ? emphasize(text) : text;
  });
  if (list.length <= 2) return `${name}(${list.join(', ')}): ${returns}`;
  return `${name}(\n${list.map((text) => `  ${text},`).join('\n')}\n): ${returns}`;
}

/** An unfinished call in the line that is being typed. */
export interface OpenCall {
  readonly name: string;
  /** The index of the next argument, from 0. */
  readonly at: number;
}

/**
 * The innermost call of a line whose next argument has not been started: `NtClose(`,
 * `f(a, g(b), `.
 */
export function openCallOf(line: string): OpenCall | undefined {
  if (!/[(,]\s*$/.test(line)) return undefined;
  let depth = 0;
  let at = 0;
  for (let index = line.length - 1; index >= 0; index -= 1) {
    const character = line.charAt(index);
    if (/[)\]}]/.test(character)) depth += 1;
    else if (character === ',' && depth === 0) at += 1;
    else if (/[([{]/.test(character)) {
      depth -= 1;
      if (depth >= 0) continue;
      const name = character === '(' ? /[A-Za-z_]\w*$/.exec(line.slice(0, index))?.[0] : undefined;
      return name === undefined ? undefined : { name, at };
    }
  }
  return undefined;
}
