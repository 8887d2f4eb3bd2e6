import { type HeartbeatServer, Stage5Reactor } from 'poc-stage5-reactor';

/** Runs the stage with another server. @returns the first check that failed. */
export async function failure(Server: typeof HeartbeatServer): Promise<string> {
  class Broken extends Stage5Reactor {
    protected override createServer(...args: ConstructorParameters<typeof HeartbeatServer>) {
      return new Server(...args);
    }
  }
  const stage = new Broken({ print: () => {} });
  const { reason } = await stage.run();
  await stage.close();
  return reason;
}
