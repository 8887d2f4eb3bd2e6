import { runStage, type StageOptions, type Verdict } from 'poc-kit';
import { Stage2Echo } from 'poc-stage2-echo';
import { temporaryUDSPath, UDSServerAddress } from 'tofu-sockets';

/** The names of this stage. */
export const stage2uEcho = {
  name: 'stage 2u echo',
  claim: 'accept, receive, send, re-arm and close over AF_UNIX, through the port alone',
} as const;

/** Stage 2 over AF_UNIX. On a host without AF_UNIX the verdict is `unsupported`. */
export class Stage2uEcho extends Stage2Echo {
  constructor(options: StageOptions = {}) {
    super(options, stage2uEcho);
  }

  protected override address(): UDSServerAddress {
    return new UDSServerAddress(temporaryUDSPath());
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: StageOptions = {}): Verdict {
  return runStage(new Stage2uEcho(options));
}
