import {
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  type HANDLE,
  IO_STATUS_BLOCK,
  type Kernel,
  NtStatusError,
  OBJECT_ATTRIBUTES,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';

/** Any last component opens the driver; without one old systems refuse. As wepoll and mio do. */
const deviceName = '\\Device\\Afd\\tofu';
const attributesBytes = OBJECT_ATTRIBUTES.byteLength(deviceName);
const handleOffset = Math.ceil(attributesBytes / 8) * 8;
const iosbOffset = handleOffset + 8;

/** Opens a handle to the socket driver; the caller closes it. @throws {NtStatusError} */
export function openAfd(kernel: Kernel): HANDLE {
  const memory = kernel.allocate(iosbOffset + IO_STATUS_BLOCK.layout.size);
  try {
    OBJECT_ATTRIBUTES.write(memory, deviceName, 0);
    const { address } = memory;
    const status = kernel.NtCreateFile(
      address + handleOffset,
      SYNCHRONIZE,
      address,
      address + iosbOffset,
      0,
      0,
      FILE_SHARE_READ | FILE_SHARE_WRITE,
      FILE_OPEN,
      0,
      0,
      0,
    );
    if (status !== STATUS_SUCCESS) throw new NtStatusError('NtCreateFile', status);
    return memory.readPointer(handleOffset);
  } finally {
    memory.free();
  }
}
