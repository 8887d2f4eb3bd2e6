// The I/O thread of a reactor in mode `thread`: waits on the port while the application does something
// else, and hands packets over. It ends by itself once it is asked to.
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
