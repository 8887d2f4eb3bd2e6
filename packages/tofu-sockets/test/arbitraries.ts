import fc from 'fast-check';

/** Any IPv4 or IPv6 address that one host can have, as a server's or as a client's. */
export const anyIP = fc.oneof(
  fc.ipV4().filter((text) => {
    const first = Number(text.split('.')[0]);
    return !(first >= 224 && first < 240) && text !== '255.255.255.255';
  }),
  fc.ipV6().filter((text) => !/^ff[\da-f]{2}:/i.test(text)),
);

/** An IP address to which a client can connect. */
export const targetIP = anyIP.filter((text) => !/^[0:.]+$/.test(text));

export const label = fc.stringMatching(/^[a-zA-Z\d]([a-zA-Z\d-]{0,8}[a-zA-Z\d])?$/);

/** A host name whose last label is not a number. */
export const hostName = fc
  .tuple(fc.array(label, { maxLength: 4 }), fc.stringMatching(/^[a-zA-Z]{1,8}$/), fc.boolean())
  .map(([labels, last, dot]) => `${[...labels, last].join('.')}${dot ? '.' : ''}`);

export const anyPort = fc.integer({ min: 0, max: 65_535 });
export const targetPort = fc.integer({ min: 1, max: 65_535 });

export const anyPath = fc
  .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
  .filter((text) => [...text].every((each) => each >= ' ') && Buffer.byteLength(text) <= 107);
