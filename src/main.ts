import { readConfig } from './platform/config';
import { runProgram } from './platform/program';

/** Starts the service from the environment; SIGTERM and SIGINT let it finish what it has begun. */
runProgram(async (keep) => {
  const config = readConfig(process.env);
  // Loaded only now, so that a bad setting is told at once.
  const { serve } = await import('./serve.js');
  await serve(config, keep);
});
