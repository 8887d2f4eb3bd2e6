import { parentPort, workerData } from 'node:worker_threads';
import { ntKernel, ntStatusName } from 'ntdllx';
import type { ThreadCancel } from './cancel-in-thread.js';

const { file, block, scratch } = workerData as ThreadCancel;
const status =
  block === undefined
    ? ntKernel.NtCancelIoFile(file, scratch)
    : ntKernel.NtCancelIoFileEx(file, block, scratch);
parentPort?.postMessage(ntStatusName(status));
