import { AF_UNIX } from 'ntdllx/ws2_32';
import { FileObject, type KernelObject, Port, SimSocket } from './objects.js';
import type { SimCore } from './sim-core.js';
import { TcpSocket } from './tcp-socket.js';

/** Called when a handle of the object was closed. The object ends with its last handle. */
export function closeObject(core: SimCore, object: KernelObject): void {
  if (object.handles > 0) return;
  if (object instanceof Port) {
    core.settleMoment();
    for (let packet = object.shift(); packet !== undefined; packet = object.shift()) {
      core.polls.forget(packet);
    }
    core.ports.delete(object);
  } else if (object instanceof SimSocket) closeSocket(core, object);
  else if (object instanceof FileObject) core.polls.closeFile(object);
}

function closeSocket(core: SimCore, socket: SimSocket): void {
  core.polls.closeSocket(socket);
  core.polls.closeFile(socket);
  const { tcp, udp, unix } = core;
  if (socket.family === AF_UNIX) unix.unbind(socket as TcpSocket);
  else if (socket.local !== undefined) {
    (socket.isStream ? tcp : udp).bindings.unbind(socket, socket.local.port);
  }
  if (socket instanceof TcpSocket) socket.close();
  else socket.isClosed = true;
}
