import { defaultHttpAddress, defaultMaxConnections } from './arguments.js';

/** The text of `--help`. */
export const help = `Usage: tofu echo ADDRESS          echoes the received bytes
       tofu proxy FROM TO        relays each connection of FROM to TO, in both directions
       tofu http DIR [ADDRESS]   serves the files of a directory

An address is "tcp|HOST|PORT" or "uds|PATH", the file of an AF_UNIX socket. The shell needs the quotes.
tcp:HOST:PORT and uds:PATH mean the same without quotes. FROM and TO may be of different kinds:

  tofu proxy "tcp|127.0.0.1|8080" "uds|C:\\run\\app.sock"
  tofu proxy uds:C:\\run\\app.sock tcp:example.org:80

The proxy passes on the end of a stream as an end, and a reset as a reset. While one side does not
read, the proxy does not read from the other. If TO does not accept, the proxy resets the client and
continues. Without ADDRESS, http listens on ${defaultHttpAddress}.

  --expose     allows a TCP address that other machines can connect to, such as tcp|0.0.0.0|8080
  --max-connections N
               closes further connections at once while N are open (default: ${defaultMaxConnections})
  --json       prints one JSON object per line: listening, problem, ending, and at the end summary
  --help       this text
  --version    the version of the package tofu-reactor

Ctrl-C stops listening, gives open connections a second to end, resets the others, and prints a summary.
A second Ctrl-C ends at once. On a host that is not Windows, run it under Wine: npx winnode tofu ...

Exit codes: 0 ended by Ctrl-C, and all output was written; 1 it could not start, or an output
failed; 2 wrong arguments; 3 this host is not Windows; 141 the output pipe was closed; 128 + the
signal's number after a second signal, such as 130 after Ctrl-C.
`;
