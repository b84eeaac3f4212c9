import { setFlagsFromString } from 'node:v8';
import { readConfig } from './platform/config';
import { runProgram } from './platform/program';

// V8 would let the heap grow to four times what is alive in it before it looks for the rest; a sync leaves much behind.
setFlagsFromString('--heap-growing-percent=150');

/** Starts the service from the environment; SIGTERM and SIGINT let it finish what it has begun. */
runProgram(async (keep) => {
  const config = readConfig(process.env);
  // Loaded only now, so that a bad setting is told at once.
  const { serve } = await import('./serve.js');
  await serve(config, keep);
});
