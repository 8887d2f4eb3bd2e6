// The I/O thread of a reactor in the mode `thread`. It waits on the port while the application's
// thread runs Node's event loop, and passes the packets to that thread. It ends when
// `ThreadShare.end` was called.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ntKernel } from 'ntdllx';
import { type ShareData, ThreadShare } from './thread-share.js';

const share = new ThreadShare(workerData as ShareData);
const application = parentPort as MessagePort;

if (share.begin()) {
  try {
    share.declare(ntKernel);
    while (share.waitForLoan()) {
      if (share.take(ntKernel)) application.postMessage(0);
    }
  } finally {
    share.finish();
  }
}
