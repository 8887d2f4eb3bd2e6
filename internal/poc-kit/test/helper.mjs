import { serveHelper } from 'poc-kit';

serveHelper((n) => {
  if (n < 0) throw new Error('negative');
  return n * 2;
});
