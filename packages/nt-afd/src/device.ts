import {
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  type HANDLE,
  IO_STATUS_BLOCK,
  type Kernel,
  type NativeMemory,
  NtStatusError,
  OBJECT_ATTRIBUTES,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';

/**
 * Any last component opens the driver. Old systems refuse a name without one, according to wepoll
 * and mio.
 */
const deviceName = '\\Device\\Afd\\tofu';
const handleOffset = Math.ceil(OBJECT_ATTRIBUTES.byteLength(deviceName) / 8) * 8;
const iosbOffset = handleOffset + 8;

/** How many bytes {@link openAfd} needs. */
export const afdScratchBytes = iosbOffset + IO_STATUS_BLOCK.layout.size;

/**
 * Opens a handle to the socket driver. The caller closes it.
 *
 * @param scratch {@link afdScratchBytes} or more; overwritten, and not used after the return.
 * @throws {NtStatusError}
 */
export function openAfd(kernel: Kernel, scratch: NativeMemory): HANDLE {
  OBJECT_ATTRIBUTES.write(scratch, deviceName, 0);
  const { address } = scratch;
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
  return scratch.readPointer(handleOffset);
}
