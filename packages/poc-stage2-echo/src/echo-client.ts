import { Deadline, serveHelper } from 'poc-kit';
import { type ClientSkt, parseAddress, SocketCreator, wouldBlock } from 'tofu-sockets';

/** A task of the client: connect to an address, send a text, receive as many bytes, close. */
export interface EchoTask {
  /** An address in tofu's textual form. */
  readonly connectTo: string;
  readonly text: string;
}

const limitMs = 10_000;

/** Repeats a call every millisecond while it would block. The client has nothing else to do. */
function untilDone<T>(call: () => T | typeof wouldBlock): T {
  const neverNotified = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = new Deadline(limitMs); ; Atomics.wait(neverNotified, 0, 0, 1)) {
    const result = call();
    if (result !== wouldBlock) return result as T;
    if (deadline.isOver)
      throw new Error(`A call of the client still would block after ${limitMs} ms.`);
  }
}

function echo(skt: ClientSkt, text: string): string {
  skt.connect();
  untilDone(() => skt.finishConnect());
  untilDone(() => skt.send(Buffer.from(text)));
  const answer = Buffer.alloc(Buffer.byteLength(text));
  for (let received = 0; received < answer.byteLength; ) {
    const count = untilDone(() => skt.recv(answer.subarray(received)));
    if (count === 0) {
      throw new Error(
        `The server ended the stream after ${received} of ${answer.byteLength} bytes.`,
      );
    }
    received += count;
  }
  return answer.toString();
}

// Runs in the helper thread while the server waits in the kernel. Answers with the received text.
serveHelper<EchoTask, string>(({ connectTo, text }) => {
  const { address, error } = parseAddress(connectTo, 'client');
  if (error !== undefined) throw error;
  const skt = new SocketCreator().fromAddress(address);
  try {
    return echo(skt, text);
  } finally {
    skt.close();
  }
});
