/** The kernels that the tests know, oldest first. */
export const kernelNames = ['wine8', 'wine9', 'wine10', 'wine11', 'windows'] as const;

/** The name of a kernel. */
export type KernelName = (typeof kernelNames)[number];
