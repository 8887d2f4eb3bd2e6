/** The largest number of bytes of one `data` event, as in Node. */
const bufferBytes = 65_536;
/** From this size on a chunk keeps the memory that it was received into, instead of a copy. */
const keepBytes = bufferBytes / 2;

/** The memory for the next receive. It is in use only during the receive. */
let memory: Buffer | undefined;

/** The memory to receive into. */
export function receiveBuffer(): Buffer {
  memory ??= Buffer.allocUnsafeSlow(bufferBytes);
  return memory;
}

/** The first bytes of {@link receiveBuffer}, as a chunk that later receives do not change. */
export function takeChunk(byteLength: number): Buffer {
  const chunk = receiveBuffer().subarray(0, byteLength);
  if (byteLength < keepBytes) return Buffer.from(chunk);
  memory = undefined;
  return chunk;
}
