import { runStage, type Verdict } from 'poc-kit';
import { type Stage3Options, Stage3Stress } from 'poc-stage3-stress';
import { temporaryUDSPath, UDSServerAddress } from 'tofu-sockets';

/** The names of this stage. */
export const stage3uStress = {
  name: 'stage 3u stress',
  claim:
    'the engine answers every message over AF_UNIX, and survives cancellation and churn with nothing left',
} as const;

/** Stage 3 over AF_UNIX. On a host without AF_UNIX the verdict is `unsupported`. */
export class Stage3uStress extends Stage3Stress {
  constructor(options: Stage3Options = {}) {
    super(options, stage3uStress);
  }

  protected override address(): UDSServerAddress {
    return new UDSServerAddress(temporaryUDSPath());
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: Stage3Options = {}): Verdict {
  return runStage(new Stage3uStress(options));
}
