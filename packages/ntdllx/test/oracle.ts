import { readFileSync } from 'node:fs';
import type { Prototype, StructLayout } from 'ntdllx/internal';

/** NT's interface as compilers computed it from the headers; see oracle/README.md. */
export interface Oracle {
  readonly constants: Readonly<
    Record<string, { readonly value: number | string; readonly ctype: string }>
  >;
  readonly structs: Readonly<
    Record<
      string,
      {
        readonly size: number;
        readonly fields: Readonly<Record<string, readonly [number, number, string]>>;
      }
    >
  >;
  readonly functions: Readonly<
    Record<
      string,
      {
        readonly dll: string;
        readonly params: readonly (readonly [name: string, type: string, abi: string])[];
        readonly returns: string;
        readonly returnsAbi: string;
      }
    >
  >;
  readonly ntstatus: Readonly<Record<string, number>>;
}

/** Reads a new copy, so that a test may change it. */
export function readOracle(): Oracle {
  const file = new URL('./oracle/nt-abi-x64.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Oracle;
}

/** The constants, layouts and prototypes of this package. */
export interface Ours {
  readonly constants: Readonly<Record<string, number | bigint>>;
  readonly structs: Readonly<Record<string, StructLayout>>;
  readonly prototypes: Readonly<Record<string, Prototype>>;
  readonly nativeTypes: Readonly<Record<string, string>>;
}

/** The ABI class of each koffi type that the table uses. */
const abiOf: Readonly<Record<string, string>> = {
  uint8_t: 'u8',
  uint16_t: 'u16',
  uint32_t: 'u32',
  int32_t: 'i32',
  uintptr_t: 'u64',
  intptr_t: 'ptr',
};

/** The bits of a value in its C type: as an int, -5 and 0xfffffffb are equal. */
function bits(value: number | bigint | string, ctype: string): bigint {
  return BigInt.asUintN(ctype.endsWith('64') ? 64 : 32, BigInt(value));
}

function compareConstants({ constants }: Ours, oracle: Oracle, wrong: string[]): void {
  for (const [name, value] of Object.entries(constants)) {
    const status = oracle.ntstatus[name];
    const expected =
      status === undefined ? oracle.constants[name] : { value: status, ctype: 'u32' };
    if (expected === undefined) wrong.push(`${name}: the oracle has no row for it`);
    else if (bits(value, expected.ctype) !== bits(expected.value, expected.ctype)) {
      wrong.push(`${name}: ${value}, the oracle says ${expected.value}`);
    } else if (status !== undefined && value < 0) {
      wrong.push(`${name}: ${value}, but a status is unsigned here`);
    }
  }
}

function compareStructs({ structs }: Ours, oracle: Oracle, wrong: string[]): void {
  for (const [name, { size, fields }] of Object.entries(structs)) {
    const expected = oracle.structs[name];
    if (expected === undefined) {
      wrong.push(`${name}: the oracle has no row for it`);
      continue;
    }
    if (size !== expected.size) wrong.push(`${name}: ${size} bytes, not ${expected.size}`);
    for (const [field, [offset, bytes]] of Object.entries(fields)) {
      const [expectedOffset, expectedBytes] = expected.fields[field] ?? [];
      if (offset !== expectedOffset) {
        wrong.push(`${name}.${field}: at ${offset}, not ${expectedOffset}`);
      }
      // phnt declares a BOOLEAN and padding; wepoll, c-ares and mio declare a ULONG. ntdllx writes
      // all four bytes, which is right for both.
      const isExclusive = name === 'AFD_POLL_INFO' && field === 'Exclusive';
      if (bytes !== (isExclusive ? 4 : expectedBytes)) {
        wrong.push(`${name}.${field}: ${bytes} bytes, not ${expectedBytes}`);
      }
    }
  }
}

function comparePrototypes({ prototypes, nativeTypes }: Ours, oracle: Oracle, wrong: string[]) {
  const abi = (type: string) => {
    if (type === 'pointer' || type === 'bytes') return 'ptr';
    // The headers declare NTSTATUS signed; ntdllx reads the same 32 bits unsigned.
    return type === 'NTSTATUS' ? 'i32' : abiOf[nativeTypes[type] ?? ''];
  };
  for (const [name, { dll, returns, params }] of Object.entries(prototypes)) {
    const expected = oracle.functions[name];
    if (expected === undefined) {
      wrong.push(`${name}: the oracle has no row for it`);
      continue;
    }
    if (dll !== expected.dll) wrong.push(`${name}: in ${dll}, not ${expected.dll}`);
    if (returns !== expected.returns || abi(returns) !== expected.returnsAbi) {
      wrong.push(`${name}: returns ${returns}, not ${expected.returns}`);
    }
    const count = expected.params.length;
    if (params.length !== count) {
      wrong.push(`${name}: ${params.length} arguments, not ${count}`);
      continue;
    }
    for (const [index, [parameter, type, headerType = type]] of params.entries()) {
      const [expectedName, expectedType, expectedAbi] = expected.params[index] ?? [];
      if (parameter !== expectedName || headerType !== expectedType || abi(type) !== expectedAbi) {
        wrong.push(
          `${name}: ${headerType} ${parameter} (${abi(type)}), ` +
            `not ${expectedType} ${expectedName} (${expectedAbi})`,
        );
      }
    }
  }
}

/** All differences between this package and the oracle; none is expected. */
export function differences(ours: Ours, oracle: Oracle): string[] {
  const wrong: string[] = [];
  compareConstants(ours, oracle, wrong);
  compareStructs(ours, oracle, wrong);
  comparePrototypes(ours, oracle, wrong);
  return wrong;
}
