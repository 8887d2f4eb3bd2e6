import { runStage, type StageOptions, type Verdict } from 'poc-kit';
import { Stage1AcceptEvent } from 'poc-stage1-event';
import { temporaryUDSPath, UDSServerAddress } from 'tofu-sockets';

/** The names of this stage. */
export const stage1uEvent = {
  name: 'stage 1u event',
  claim: 'AFD_POLL_ACCEPT sets the event of the request for a Unix domain socket, too',
} as const;

/** Stage 1 with an event, over AF_UNIX. On a host without AF_UNIX the verdict is `unsupported`. */
export class Stage1uAcceptEvent extends Stage1AcceptEvent {
  constructor(options: StageOptions = {}) {
    super(options, stage1uEvent, new UDSServerAddress(temporaryUDSPath()));
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: StageOptions = {}): Verdict {
  return runStage(new Stage1uAcceptEvent(options));
}
