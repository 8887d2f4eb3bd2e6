import { defaultHttpAddress, defaultMaxConnections } from './arguments.js';

/** The text of `--help`. */
export const help = `Usage: tofu echo ADDRESS          sends back what it receives
       tofu proxy FROM TO        relays each connection of FROM to TO, in both directions
       tofu http DIR [ADDRESS]   serves the files of a directory

An address is "tcp|HOST|PORT" or "uds|PATH", the file of an AF_UNIX socket. The shell needs the quotes.
tcp:HOST:PORT and uds:PATH mean the same and need none. FROM may be of one kind and TO of the other:

  tofu proxy "tcp|127.0.0.1|8080" "uds|C:\\run\\app.sock"
  tofu proxy uds:C:\\run\\app.sock tcp:example.org:80

The proxy passes on how each side ends: an end of the stream as an end, a reset as a reset. While one
side does not read, the other is not read either. If TO does not accept, the client is reset and the
proxy goes on. http listens on ${defaultHttpAddress} unless ADDRESS says otherwise.

  --expose     allows a TCP address that other machines can connect to, such as tcp|0.0.0.0|8080
  --max-connections N
               closes further connections at once while N are open (default: ${defaultMaxConnections})
  --json       prints one JSON object per line: listening, problem, ending, and at the end summary
  --help       this text
  --version    the version of the package tofu-reactor

Ctrl-C stops listening, gives open connections a second, resets the rest, and prints a summary. A second
Ctrl-C ends at once. On a host that is not Windows, winnode runs it under Wine: npx winnode tofu ...

Exit codes: 0 ended by Ctrl-C, and all output was written; 1 it could not start, or the output is not
whole; 2 wrong arguments; 3 this host is not Windows; 141 the reader of the output has gone; 128 + the
signal's number after a second signal, such as 130 after Ctrl-C.
`;
