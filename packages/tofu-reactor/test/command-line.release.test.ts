import { parseArguments } from 'tofu-reactor/internal';
import {
  TCPClientAddress,
  TCPServerAddress,
  UDSClientAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { describe, expect, test } from 'vitest';
import { commandHere } from './command-here.js';

const common = { isJson: false, maxConnections: 10_000 };
const here = new TCPServerAddress('127.0.0.1', 80);

describe('a command line', () => {
  test.each([
    [['--help'], { what: 'help' }],
    [['proxy', 'x', '-h'], { what: 'help' }],
    [['--version'], { what: 'version' }],
    [['echo', 'tcp|127.0.0.1|80'], { what: 'echo', listenAt: here, ...common }],
    [['echo', 'tcp:127.0.0.1:80'], { what: 'echo', listenAt: here, ...common }],
    [
      ['echo', 'tcp:[::1]:80', '--json', '--max-connections=5'],
      {
        what: 'echo',
        listenAt: new TCPServerAddress('::1', 80),
        isJson: true,
        maxConnections: 5,
      },
    ],
    [
      ['echo', '--expose', 'tcp|0.0.0.0|0'],
      { what: 'echo', listenAt: new TCPServerAddress('0.0.0.0', 0), ...common },
    ],
    [
      ['proxy', 'tcp|127.1.2.3|0', String.raw`uds|C:\run\app.sock`],
      {
        what: 'proxy',
        listenAt: new TCPServerAddress('127.1.2.3', 0),
        connectTo: new UDSClientAddress(String.raw`C:\run\app.sock`),
        ...common,
      },
    ],
    [
      ['proxy', 'uds:C:/a|b:c', 'tcp:example.org:80'],
      {
        what: 'proxy',
        listenAt: new UDSServerAddress('C:/a|b:c'),
        connectTo: new TCPClientAddress('example.org', 80),
        ...common,
      },
    ],
    [
      ['http', 'public'],
      {
        what: 'http',
        directory: 'public',
        listenAt: new TCPServerAddress('127.0.0.1', 8080),
        ...common,
      },
    ],
    [
      ['http', '.', 'tcp:127.0.0.1:80'],
      { what: 'http', directory: '.', listenAt: here, ...common },
    ],
  ])('%j', (args, asked) => {
    expect(parseArguments(args)).toEqual(asked);
  });

  test.each([
    [[], 'The command is missing: the commands are echo, proxy and http.'],
    [['ecko', 'x'], 'There is no command "ecko": the commands are echo, proxy and http.'],
    [['echo'], 'The usage is: tofu echo ADDRESS; got nothing.'],
    [['proxy', 'tcp:127.0.0.1:1'], 'The usage is: tofu proxy FROM TO; got "tcp:127.0.0.1:1".'],
    [['echo', 'tcp', '127.0.0.1', '80'], 'got "tcp" "127.0.0.1" "80". An address with a | in it'],
    [['http'], 'The usage is: tofu http DIR [ADDRESS]; got nothing.'],
    [['http', ''], 'DIR must be the path of a directory, got "".'],
    [
      ['echo', '80'],
      '"80" is not an address to listen on. An address has the form tcp|HOST|PORT or uds|PATH',
    ],
    [['echo', ''], '"" is not an address to listen on.'],
    [['echo', 'TCP:127.0.0.1:80'], 'An address has the form tcp|HOST|PORT or uds|PATH'],
    [['echo', 'tcp:localhost:80'], 'The host must be an IP address such as 127.0.0.1'],
    [['echo', 'tcp|127.0.0.1|65536'], 'A port must be a whole number from 0 to 65535, got 65536.'],
    [['echo', 'tcp|127.0.0.1|080'], 'An address has the form tcp|HOST|PORT'],
    [['echo', 'uds|'], 'The path of an AF_UNIX socket must be a string that is not empty'],
    [
      ['echo', `uds|${'x'.repeat(108)}`],
      'The path of an AF_UNIX socket has at most 107 bytes of UTF-8',
    ],
    [
      ['proxy', 'tcp:127.0.0.1:0', 'tcp:127.0.0.1:0'],
      'A port must be a whole number from 1 to 65535',
    ],
    [['proxy', 'tcp:127.0.0.1:0', 'tcp:0.0.0.0:80'], 'A client cannot connect to 0.0.0.0'],
    [['echo', 'tcp|0.0.0.0|80'], 'Other machines could connect to tcp|0.0.0.0|80. Add --expose'],
    [['echo', 'tcp|::|80'], 'otherwise listen on tcp|127.0.0.1|80.'],
    [['echo', 'tcp|192.0.2.1|80'], 'Other machines could connect to tcp|192.0.2.1|80.'],
    [['echo', 'tcp:127.0.0.1:0', '--max-connections', '0'], 'from 1 to 999999, got "0".'],
    [['echo', 'tcp:127.0.0.1:0', '--max-connections=1e3'], 'got "1e3".'],
    [['echo', 'tcp:127.0.0.1:0', '--max-connections'], "'--max-connections <value>'"],
    [['echo', 'tcp:127.0.0.1:0', '--jsn'], "Unknown option '--jsn'."],
    [['echo', 'tcp:127.0.0.1:0', '--json=yes'], "'--json' does not take an argument"],
  ])('%j prints one line, exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await commandHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^tofu: [^\n]*\n$/);
  });

  test('--help names every command, option and exit code', async () => {
    const { code, stdout } = await commandHere(['--help']);
    expect(code).toBe(0);
    const words = ['echo ADDRESS', 'proxy FROM TO', 'http DIR', '--expose', '--max-connections N'];
    for (const word of [...words, '--json', '--help', '--version', ' 2 ', ' 3 ', '141', '130']) {
      expect(stdout).toContain(word);
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(105);
  });

  test('--version prints the version of the package', async () => {
    const { code, stdout } = await commandHere(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tofu-reactor \d+\.\d+\.\d+\n$/);
  });
});

test.skipIf(process.platform === 'win32')(
  'on a host without NT one line says how to run it, exit code 3',
  async () => {
    const args = ['proxy', 'tcp|127.0.0.1|80', String.raw`uds|C:\it's\app.sock`, '--json'];
    expect(await commandHere(args)).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'tofu: This host is not Windows. Run the command under Wine: npx winnode tofu proxy ' +
        String.raw`'tcp|127.0.0.1|80' 'uds|C:\it'\''s\app.sock' --json` +
        '\n',
    });
  },
);
