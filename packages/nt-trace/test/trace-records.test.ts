import { buildTrace, formatRecord, type PacketRecord, type TraceRecord } from 'nt-trace';
import {
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FileIoCompletionNotificationInformation,
  STATUS_CANCELLED,
  STATUS_INVALID_HANDLE,
  STATUS_PENDING,
  STATUS_SUCCESS,
} from 'ntdllx';
import { describe, expect, test } from 'vitest';
import { i64, pollInfo, Script } from './raw-calls.js';

const lines = (records: readonly TraceRecord[]) =>
  records.map((record) => formatRecord(record, { originUs: 1_000 }).trim());
const packets = (records: readonly TraceRecord[]): PacketRecord[] =>
  records.filter((record) => record.kind === 'packet');
const line = (script: Script, number: number) =>
  lines(buildTrace(script.calls)).filter((each) => each.includes(` #${number} `));

const [port, socket, iosb] = [0x40, 0x44, 0x5000];
const ready = () => new Script().port(port).socket(socket).associate(socket, port);

test('formatRecord prints a poll, and the packet with the number of its poll', () => {
  const script = ready()
    .poll(socket, iosb)
    .remove(port, [{ apcContext: iosb }], [pollInfo([[socket, 0x80]])]);
  expect(lines(buildTrace(script.calls)).slice(3)).toEqual([
    '0.300 #4 NtDeviceIoControlFile(FileHandle=socket#1, Event=null, ApcRoutine=null, ' +
      'ApcContext=&iosb#1, IoStatusBlock=&iosb#1, IoControlCode=IOCTL_AFD_POLL, ' +
      'InputBuffer=&info#1 {Timeout=never, NumberOfHandles=1, Exclusive=0, socket#1: ACCEPT}, ' +
      'InputBufferLength=32, OutputBuffer=&info#1, OutputBufferLength=32) = STATUS_PENDING  10 µs',
    '0.400 #5 NtRemoveIoCompletionEx(IoCompletionHandle=port#1, IoCompletionInformation=null, ' +
      'Count=64, NumEntriesRemoved=&{1}, Timeout=null, Alertable=0) = STATUS_SUCCESS  10 µs',
    '0.410 #5   packet from port#1: KeyContext=0x0, ApcContext=&iosb#1, Status=STATUS_SUCCESS, ' +
      'Information=32 {socket#1: ACCEPT}  of #4 NtDeviceIoControlFile, 110 µs after it',
  ]);
});

describe('names of handles', () => {
  test('a name that the program gives applies to the handle that is open at that time', () => {
    const script = new Script()
      .socket(socket)
      .call('closesocket', { s: socket })
      .socket(socket)
      .call('listen', { s: socket, backlog: 5 })
      .call('closesocket', { s: socket })
      .socket(socket);
    const label = { handle: BigInt(socket), label: 'echo', number: 4 };
    const unknown = { handle: 0x99n, label: 'nothing', number: 4 };
    expect(lines(buildTrace([unknown, label, ...script.calls]))).toEqual([
      expect.stringContaining('= socket#1 '),
      expect.stringContaining('closesocket(s=socket#1)'),
      expect.stringContaining('= socket#2 "echo" '),
      expect.stringContaining('listen(s=socket#2 "echo", backlog=5)'),
      expect.stringContaining('closesocket(s=socket#2 "echo")'),
      expect.stringContaining('= socket#3 '),
    ]);
  });

  test('a new handle with the value of a closed one gets a new name', () => {
    const script = new Script()
      .socket(socket)
      .call('closesocket', { s: socket })
      .socket(socket)
      .call('listen', { s: socket, backlog: 5 });
    expect(lines(buildTrace(script.calls))).toEqual([
      expect.stringContaining('= socket#1'),
      expect.stringContaining('closesocket(s=socket#1) = 0'),
      expect.stringContaining('= socket#2'),
      expect.stringContaining('listen(s=socket#2, backlog=5) = 0'),
    ]);
  });

  test('a handle keeps its name when the close fails', () => {
    const script = new Script()
      .port(port)
      .call('NtClose', { Handle: port }, STATUS_INVALID_HANDLE)
      .call('NtClose', { Handle: port });
    expect(line(script, 3)).toEqual([expect.stringContaining('NtClose(Handle=port#1)')]);
  });

  test('closing a socket forgets its base handle: the name, and the associated port', () => {
    const [below, base] = [0x60, 0x64];
    const ask = (script: Script, of: number, handle: number) =>
      script.call('WSAIoctl', { s: of, cbOutBuffer: 8 }, 0, {
        after: { lpvOutBuffer: i64(BigInt(handle)) },
      });
    const script = new Script().port(port).socket(socket);
    ask(ask(script, socket, below), below, base)
      .associate(base, port)
      .poll(base, iosb)
      .call('closesocket', { s: socket })
      .poll(base, iosb)
      .call('NtCancelIoFileEx', { FileHandle: below });
    const records = buildTrace(script.calls);
    expect(records[5]).toMatchObject({ completion: { packet: 'due' } });
    expect(records[7]).toMatchObject({ completion: { packet: 'unknown' } });
    expect(line(script, 6)[0]).toContain('(FileHandle=socket#1,');
    expect(line(script, 8)[0]).toContain('(FileHandle=0x64,');
    expect(line(script, 9)[0]).toContain('(FileHandle=0x60,');
  });

  test('closing a socket does not forget a newer handle that has the value of its base handle', () => {
    const base = 0x60;
    const after = { lpvOutBuffer: i64(BigInt(base)) };
    const script = new Script()
      .socket(socket)
      .call('WSAIoctl', { s: socket, cbOutBuffer: 8 }, 0, { after })
      .socket(base)
      .call('closesocket', { s: socket })
      .call('listen', { s: base, backlog: 5 });
    expect(line(script, 5)[0]).toContain('listen(s=socket#2,');
  });

  test('an unknown handle is a number, handle 0 is null, and each kind is numbered separately', () => {
    const device = Buffer.from('\\Device\\Afd\\Tofu', 'utf16le');
    const script = new Script()
      .call('CreateEventA', { bManualReset: 1 }, 0x50)
      .call('NtCreateFile', {}, 0, {
        before: { ObjectAttributes: device },
        after: { FileHandle: i64(0x54n) },
      })
      .call('NtDeviceIoControlFile', { FileHandle: 0x54, Event: 0x50 }, STATUS_INVALID_HANDLE)
      .call('NtDeviceIoControlFile', { FileHandle: 0x99 }, STATUS_INVALID_HANDLE);
    expect(line(script, 3)[0]).toContain('(FileHandle=afd#1, Event=event#1, ApcRoutine=null');
    expect(line(script, 4)[0]).toContain('(FileHandle=0x99, Event=null');
  });

  test('a duplicated handle gets a new name of the same kind', () => {
    const script = new Script()
      .port(port)
      .call(
        'NtDuplicateObject',
        { SourceProcessHandle: -1, SourceHandle: port, TargetHandle: 0x100 },
        0,
        {
          after: { TargetHandle: i64(0x48n) },
        },
      );
    expect(line(script, 2)[0]).toMatch(
      /SourceProcessHandle=NtCurrentProcess\(\), SourceHandle=port#1, .*TargetHandle=&\{port#2\}/,
    );
  });
});

describe('the request of a packet', () => {
  test('a packet belongs to the latest request with its ApcContext, if two requests use the same block', () => {
    const script = ready()
      .poll(socket, iosb)
      .remove(port, [{ apcContext: iosb }])
      .poll(socket, iosb)
      .remove(port, [{ apcContext: iosb }]);
    expect(packets(buildTrace(script.calls)).map(({ request }) => request?.number)).toEqual([4, 6]);
  });

  test('a packet has no request if NT refused the request, or if its packet was already removed', () => {
    const script = ready()
      .poll(socket, iosb, STATUS_INVALID_HANDLE)
      .remove(port, [{ apcContext: iosb }])
      .poll(socket, iosb)
      .remove(port, [{ apcContext: iosb }, { apcContext: iosb }]);
    const records = buildTrace(script.calls);
    expect(packets(records).map(({ request }) => request?.number)).toEqual([
      undefined,
      6,
      undefined,
    ]);
    expect(lines(records).at(-1)).toContain('its request is not in this trace');
  });

  test('a packet belongs to the post with the same four values, also while a poll with that ApcContext is pending', () => {
    const post = { IoCompletionHandle: port, ApcContext: iosb, IoStatusInformation: 32 };
    const script = ready()
      .poll(socket, iosb)
      .call('NtSetIoCompletion', post)
      // The poll is still pending here, so the content of its buffer is not its output.
      .remove(port, [{ apcContext: iosb }], [pollInfo([[socket, 0x80]])])
      .remove(port, [{ apcContext: iosb }], [pollInfo([[socket, 0x80]])]);
    const [posted, completed] = packets(buildTrace(script.calls));
    expect(posted).toMatchObject({ request: { number: 5, function: 'NtSetIoCompletion' } });
    expect(posted).not.toHaveProperty('answer');
    expect(completed).toMatchObject({ request: { number: 4 }, answer: { numberOfHandles: 1 } });
  });

  test('a packet belongs to a post through another handle of the port, or to a poll whose file uses the port', () => {
    const [other, again] = [0x60, 0x64];
    const source = { SourceProcessHandle: -1, SourceHandle: port, TargetHandle: 0x100 };
    const script = ready()
      .port(other)
      .socket(0x70)
      .associate(0x70, other)
      .call('NtDuplicateObject', source, 0, { after: { TargetHandle: i64(BigInt(again)) } })
      .call('NtSetIoCompletion', { IoCompletionHandle: again, ApcContext: 9 })
      .poll(socket, iosb)
      .poll(0x70, iosb)
      .remove(port, [{ apcContext: 9, information: 0 }, { apcContext: iosb }])
      .remove(other, [{ apcContext: iosb }]);
    const numbers = packets(buildTrace(script.calls)).map(({ request }) => request?.number);
    expect(numbers).toEqual([8, 9, 10]);
  });

  test('a packet belongs to a post that another thread starts during the wait', () => {
    const script = ready()
      .remove(port, [{ key: 7n, apcContext: 9, information: 0 }])
      .call('NtSetIoCompletion', { IoCompletionHandle: port, KeyContext: 7, ApcContext: 9 });
    const [wait, post] = script.calls.slice(3);
    if (wait === undefined || post === undefined) throw new Error('two calls');
    // The wait started before the post, and returned before the post returned.
    const slow = { ...wait, startUs: 2_000, durationUs: 60 };
    const late = { ...post, threadId: 1, startUs: 2_050, durationUs: 30 };
    const records = buildTrace([late, ...script.calls.slice(0, 3), slow]);
    expect(packets(records)).toMatchObject([{ request: { number: 5, sinceUs: 10 } }]);
    expect(records.map((record) => (record.kind === 'call' ? record.number : 'packet'))).toEqual([
      1,
      2,
      3,
      4,
      'packet',
      5,
    ]);
  });
});

describe('the completion of a request', () => {
  test('a cancelled poll has a packet with STATUS_CANCELLED and no events', () => {
    const cancelled = [{ apcContext: iosb, status: STATUS_CANCELLED, information: 0 }];
    const script = ready()
      .poll(socket, iosb)
      .call('NtCancelIoFileEx', {
        FileHandle: socket,
        IoRequestToCancel: iosb,
        IoStatusBlock: 0x6000,
      })
      // The block still contains the input, with the requested events.
      .remove(port, cancelled, [pollInfo([[socket, 0x80]])]);
    const records = buildTrace(script.calls);
    expect(line(script, 5)[0]).toContain('IoRequestToCancel=&iosb#1, IoStatusBlock=&iosb#2');
    expect(packets(records)[0]).not.toHaveProperty('answer');
    expect(lines(records).at(-1)).toMatch(
      /Status=STATUS_CANCELLED, Information=0 {2}of #4 NtDeviceIoControlFile, 210 µs after it$/,
    );
  });

  test('a poll that succeeds at once has its output, and a packet', () => {
    const after = { OutputBuffer: pollInfo([[socket, 0x80]]) };
    const script = ready()
      .poll(socket, iosb, STATUS_SUCCESS, { after })
      .remove(port, [{ apcContext: iosb }]);
    const records = buildTrace(script.calls);
    expect(records[3]).toMatchObject({
      completion: { packet: 'due' },
      answer: { numberOfHandles: 1 },
    });
    expect(packets(records)).toMatchObject([{ request: { number: 4 } }]);
  });

  test('a poll that succeeds at once on a handle with FILE_SKIP_* has no packet', () => {
    const flags = new Uint8Array(4);
    flags[0] = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
    const after = { OutputBuffer: pollInfo([[socket, 0x80]]) };
    const script = ready()
      .call(
        'NtSetInformationFile',
        {
          FileHandle: socket,
          Length: 4,
          FileInformationClass: FileIoCompletionNotificationInformation,
        },
        0,
        { before: { FileInformation: flags } },
      )
      .poll(socket, iosb, STATUS_SUCCESS, { after })
      .poll(socket, iosb, STATUS_PENDING);
    const records = buildTrace(script.calls);
    expect(records[4]).toMatchObject({ completion: { packet: 'none' } });
    expect(lines(records)[4]).toMatch(/ {2}no packet: FILE_SKIP_COMPLETION_PORT_ON_SUCCESS$/);
    // A poll that pends on such a handle does have a packet.
    expect(records[5]).toMatchObject({ completion: { packet: 'due' } });
  });

  test('a poll with a null ApcContext has no packet; if the port is unknown, so is the packet', () => {
    const context = (apcContext: number) => {
      const script = new Script().socket(socket).poll(socket, iosb);
      const [, poll] = script.calls;
      if (poll === undefined) throw new Error('two calls');
      return buildTrace([{ ...poll, args: poll.args.with(3, apcContext) }])[0];
    };
    expect(context(0)).toMatchObject({
      completion: { packet: 'none', reason: 'ApcContext is null' },
    });
    expect(context(iosb)).toMatchObject({ completion: { packet: 'unknown' } });
  });
});

test('formatRecord shows errors by name, and durations in a suitable unit', () => {
  const script = new Script()
    .socket(socket)
    .call('recv', { s: socket, buf: 0x7000, len: 64 }, -1, { errorCode: 10_035, durationUs: 1.25 })
    .call('CreateIoCompletionPort', { FileHandle: socket }, 0, { errorCode: 87, durationUs: 4_321 })
    .call('WSASocketW', { af: 1, type: 1 }, 2n ** 64n - 1n, { errorCode: 10_047 });
  expect(line(script, 2)[0]).toMatch(/ = SOCKET_ERROR \(WSAEWOULDBLOCK\) {2}1\.3 µs$/);
  expect(line(script, 3)[0]).toMatch(/ = null \(Win32 error 87\) {2}4\.32 ms$/);
  expect(line(script, 4)[0]).toMatch(
    /af=AF_UNIX, type=SOCK_STREAM.* = INVALID_SOCKET \(WSAEAFNOSUPPORT\)/,
  );
});

test('formatRecord names each socket of a poll, with its events', () => {
  const before = {
    InputBuffer: pollInfo(
      [
        [socket, 0x189],
        [0x99, 0],
      ],
      -1_500_000n,
    ),
  };
  const script = ready().poll(socket, iosb, STATUS_PENDING, { before });
  expect(line(script, 4)[0]).toContain(
    '{Timeout=150 ms, NumberOfHandles=2, Exclusive=0, socket#1: RECEIVE|DISCONNECT|ACCEPT|CONNECT_FAIL, 0x99: 0}',
  );
});
