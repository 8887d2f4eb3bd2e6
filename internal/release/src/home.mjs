// The public address of the repository, from `repository` in the package.json at the top. While it
// is empty, packages are packed without links to it, and a release is rejected.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const form = /^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/;

/**
 * Reads the address of the repository, such as `https://github.com/owner/name`.
 *
 * @param {string} root of the repository.
 * @returns {string} '' while the owner has not set it.
 * @throws if it is not such an address.
 */
export function readHome(root) {
  const { repository = '' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (repository !== '' && !form.test(repository)) {
    throw new Error(
      `repository in package.json is "${repository}". It must have the form https://github.com/owner/name`,
    );
  }
  return repository;
}

/** The address of a file of the repository; of a directory, too: GitHub redirects. */
export const fileAddress = (home, path) => `${home}/blob/main/${path}`;

/** The address of the bytes of a file, for images. */
export const rawAddress = (home, path) => `${home}/raw/main/${path}`;
