import { defaultPreset, EngineServer, presetNames } from '@tofu-nt/bench';
import { presets } from 'afd-poller';
import { ntKernel } from 'ntdllx';
import { crossSection } from 'test-kit';
import { expect, test } from 'vitest';
import { testForeignCalls } from './foreign-calls.js';

test('an engine without options has the preset that is measured as the default', () => {
  const server = new EngineServer({ bufferBytes: 64, kernel: ntKernel });
  expect(server.poller.inspect()).toMatchObject(presets[defaultPreset]);
  server.close();
});

// Each test runs with one preset. The siege runs every test with every preset.
testForeignCalls(crossSection(presetNames));
